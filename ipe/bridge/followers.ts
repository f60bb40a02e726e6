import type { TreeFollower } from './bridge.ts';

/** Followers that see the same. */
export function together(followers: readonly TreeFollower[]): TreeFollower {
  return {
    follow: (registration, tree, registered) => {
      for (const follower of followers) follower.follow(registration, tree, registered);
    },
    expect: (registration, tree, registered) => {
      for (const follower of followers) follower.expect?.(registration, tree, registered);
    },
    depart: async (registration, tree) => {
      await Promise.all(followers.map((follower) => follower.depart?.(registration, tree)));
    },
    leave: (endpoint) => {
      for (const follower of followers) follower.leave(endpoint);
    },
  };
}

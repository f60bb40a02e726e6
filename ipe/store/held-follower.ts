import type { Registration } from '../../lwm2m/index.ts';
import type { TreeFollower } from '../bridge/bridge.ts';
import type { EndpointTree, Followed } from '../bridge/endpoint-tree.ts';

/**
 * Tells of a tree only when its registration is durable and about to be committed: whoever follows asks the device at once,
 * and before that there is none to ask.
 */
export class HeldFollower implements TreeFollower {
  readonly #follower: TreeFollower;
  readonly #held = new Map<string, Followed>();

  constructor(follower: TreeFollower) {
    this.#follower = follower;
  }

  follow(registration: Registration, tree: EndpointTree, registered: boolean): void {
    if (registered) this.#held.set(registration.endpoint, { registration, tree });
    // An Update is of a device that can be asked already.
    else this.#follower.follow(registration, tree, false);
  }

  expect(registration: Registration, tree: EndpointTree, registered: boolean): void {
    if (registered) this.#held.set(registration.endpoint, { registration, tree });
    // One of an earlier run is durable already.
    else this.#follower.expect?.(registration, tree, false);
  }

  async depart(registration: Registration, tree: EndpointTree): Promise<void> {
    if (!this.#held.has(registration.endpoint)) await this.#follower.depart?.(registration, tree);
  }

  leave(endpoint: string): void {
    this.#held.delete(endpoint);
    this.#follower.leave(endpoint);
  }

  /** The registration of the endpoint is durable. */
  release(endpoint: string): void {
    const held = this.#held.get(endpoint);
    if (held === undefined) return;
    this.#held.delete(endpoint);
    if (held.tree.pending === true) this.#follower.expect?.(held.registration, held.tree, true);
    else this.#follower.follow(held.registration, held.tree, true);
  }

  /** It could not be made durable, and is not committed. */
  drop(endpoint: string): void {
    this.#held.delete(endpoint);
  }
}

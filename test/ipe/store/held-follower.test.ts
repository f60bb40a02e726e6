import { describe, expect, it } from 'vitest';
import { HeldFollower } from '../../../ipe/store/held-follower.ts';
import { registrationOf, SAMPLES } from './samples.ts';

const tree = { ...SAMPLES.tree, incarnation: 1 };

function desk() {
  const told: string[] = [];
  const follower = new HeldFollower({
    follow: ({ endpoint }, _tree, registered) => void told.push(`${endpoint} ${registered}`),
    expect: ({ endpoint }, _tree, registered) => void told.push(`${endpoint} expected ${registered}`),
    leave: (endpoint) => void told.push(`${endpoint} leaves`),
  });
  return { told, follower };
}

describe('whoever follows a tree', () => {
  it('is told of a Register once it is durable, since nobody can be asked before', () => {
    const { told, follower } = desk();
    follower.follow(registrationOf('dev'), tree, true);
    expect(told).toEqual([]);
    follower.release('dev');
    follower.release('dev');
    expect(told).toEqual(['dev true']);
  });

  it('is told of an Update at once', () => {
    const { told, follower } = desk();
    follower.follow(registrationOf('dev'), tree, false);
    expect(told).toEqual(['dev false']);
  });

  it('is told alike of one whose tree is still to be made; of one of an earlier run at once', () => {
    const { told, follower } = desk();
    const pending = { ...tree, pending: true } as const;
    follower.expect(registrationOf('new'), pending, true);
    follower.expect(registrationOf('old'), pending, false);
    follower.release('new');
    expect(told).toEqual(['old expected false', 'new expected true']);
  });

  it('is not told of a Register that was given up, or that left before it was durable', () => {
    const { told, follower } = desk();
    follower.follow(registrationOf('dev'), tree, true);
    follower.drop('dev');
    follower.release('dev');
    follower.follow(registrationOf('dev'), tree, true);
    follower.leave('dev');
    follower.release('dev');
    expect(told).toEqual(['dev leaves']);
  });
});

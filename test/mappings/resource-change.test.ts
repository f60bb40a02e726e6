import { describe, expect, it } from 'vitest';
import { resourceChanges } from '../../mappings/resource-change.ts';

const links = (...pairs: [number, number?, string?][]) => ({
  objectLinks: {
    rootPath: '/',
    contentFormats: [],
    contentFormatNames: [],
    links: pairs.map(([objectId, instanceId, version]) => ({
      objectId,
      ...(instanceId === undefined ? {} : { instanceId }),
      ...(version === undefined ? {} : { version }),
    })),
  },
});
const summary = (changes: ReturnType<typeof resourceChanges>) =>
  changes.map((change) =>
    change.resource !== 'container'
      ? `${change.operation} ${change.resource}`
      : `${change.operation} container ${change.operation === 'delete' ? change.name : change.link.objectId}`,
  );

/** What happens to which resource (TS-0014 tables 6.2.2.2-1, 6.2.2.2-2, 6.3.2.2-1, 6.3.2.2-2). */
const LIFECYCLE = [
  { event: 'Register', operation: 'create', resources: ['node', 'ae', 'container'], clause: '6.2.2.2-1, 6.3.2.2-1' },
  { event: 'Update', operation: 'update', resources: ['node', 'ae', 'container'], clause: '6.2.2.2-1, 6.3.2.2-1' },
  { event: 'Update', operation: 'delete', resources: ['container'], clause: '6.3.2.2-1' },
  { event: 'De-register', operation: 'delete', resources: ['ae', 'node'], clause: '6.2.2.2-1, 6.3.2.2-1' },
  { event: 'lifetime expiration', operation: 'delete', resources: ['ae', 'node'], clause: '6.2.2.2-2, 6.3.2.2-2' },
] as const;

describe('what a registration changes on the CSE', () => {
  it('TS-0014 tables 6.2.2.2-1 and 6.3.2.2-1: Register creates node, AE and a container for each link', () => {
    expect(summary(resourceChanges(undefined, links([1, 0], [3, 0]), true))).toEqual([
      'create node',
      'create ae',
      'create container 1',
      'create container 3',
    ]);
  });

  it('Update renews the AE before what is below it', () => {
    const same = links([1, 0], [3, 0]);
    expect(summary(resourceChanges(same, same, true))).toEqual([
      'update ae',
      'update node',
      'update container 1',
      'update container 3',
    ]);
  });

  it('TS-0014 table 6.3.2.2-1: Update creates what came and deletes what went', () => {
    const changes = resourceChanges(links([1, 0], [3, 0], [5]), links([1, 0], [3, 0], [3303, 0]), true);
    expect(summary(changes).slice(2)).toEqual([
      'update container 1',
      'update container 3',
      'create container 3303',
      'delete container 5',
    ]);
  });

  it('an Update that changes nothing costs nothing when nothing has to be renewed', () => {
    const same = links([1, 0], [3, 0]);
    expect(resourceChanges(same, same, false)).toEqual([]);
    expect(resourceChanges(links([1, 0]), links([1, 0]), false)).toEqual([]);
  });

  it('a changed object version or root path writes the labels again', () => {
    expect(summary(resourceChanges(links([3, 0]), links([3, 0, '1.2']), false))).toEqual(['update container 3']);
    const moved = { objectLinks: { ...links([3, 0]).objectLinks, rootPath: '/lwm2m' } };
    expect(summary(resourceChanges(links([3, 0]), moved, false))).toEqual(['update container 3']);
  });

  it('De-register and expiry delete the AE, with what is below it, and then the node', () => {
    expect(summary(resourceChanges(links([3, 0]), undefined, true))).toEqual(['delete ae', 'delete node']);
    expect(resourceChanges(undefined, undefined, true)).toEqual([]);
  });

  it('the lifecycle table says the same as the function', () => {
    const before = links([1, 0], [5]);
    const after = links([1, 0], [3, 0]);
    const seen: Record<string, string[]> = {
      Register: summary(resourceChanges(undefined, after, true)),
      Update: summary(resourceChanges(before, after, true)),
      'De-register': summary(resourceChanges(before, undefined, true)),
      'lifetime expiration': summary(resourceChanges(before, undefined, true)),
    };
    for (const { event, operation, resources } of LIFECYCLE) {
      for (const resource of resources) {
        expect(seen[event]?.some((change) => change.startsWith(`${operation} ${resource}`))).toBe(true);
      }
    }
  });
});

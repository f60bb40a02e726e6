import { isInside, levels } from '../content/resource-path.ts';
import type { Path } from '../model/path.ts';
import type { Operation, WriteComposite } from './operation.ts';
import type { Outcome, Success } from './outcome.ts';

/** Composite operations. */
export function isComposite(operation: Operation): boolean {
  return operation.type.endsWith('-composite');
}

/**
 * Single operations that mean the same as a composite one; undefined: there are none. A Read-Composite is carried out
 * as far as it can be (LwM2M 1.1 6.3.8), a Write-Composite as a whole or not at all (6.3.9), as a Write of one instance.
 */
export function singleOperations(operation: Operation): readonly Operation[] | undefined {
  switch (operation.type) {
    case 'read-composite':
      return withoutNested(operation.paths).map((path) => ({ type: 'read', path }));
    case 'observe-composite':
      return withoutNested(operation.paths).map((path) => ({ type: 'observe', path }));
    case 'cancel-observe-composite':
      return withoutNested(operation.paths).map((path) => ({ type: 'cancel-observe', path }));
    case 'write-composite':
      return singleWrite(operation);
    default:
      return undefined;
  }
}

/** What the outcomes of single operations are together: as much as succeeded; else the first of them. */
export function combinedOutcome(outcomes: readonly Outcome[]): Outcome {
  const successes = outcomes.filter((outcome): outcome is Success => outcome.kind === 'success');
  const [first] = successes;
  if (first === undefined) return outcomes[0]!;
  const nodes = successes.flatMap((success) => success.nodes ?? []);
  const observing = successes.some((success) => success.observing === true);
  return {
    kind: 'success',
    code: first.code,
    ...(first.nodes === undefined ? undefined : { nodes }),
    ...(first.observing === undefined ? undefined : { observing }),
  };
}

/** A device that is silent, asleep or gone is not asked for the rest. */
export function endsSeries({ kind }: Outcome): boolean {
  return kind === 'timeout' || kind === 'asleep' || kind === 'gone' || kind === 'cancelled';
}

function withoutNested(paths: readonly Path[]): Path[] {
  return paths.filter((path, index) => {
    return !paths.some((other, at) => at !== index && isInside(path, other) && (!isInside(other, path) || at < index));
  });
}

function singleWrite({ nodes }: WriteComposite): readonly Operation[] | undefined {
  const [first] = nodes;
  if (first === undefined) return undefined;
  const { objectId, instanceId } = first.path;
  if (nodes.length === 1 && levels(first.path) === 3) {
    return [{ type: 'write', path: first.path, mode: 'replace', nodes }];
  }
  const instance = { objectId, instanceId: instanceId! };
  if (!nodes.every(({ path }) => isInside(path, instance))) return undefined;
  return [{ type: 'write', path: instance, mode: 'partial', nodes }];
}

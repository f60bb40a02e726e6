import { Operation } from './primitive.ts';

/** Requests since a client was made: each ends as succeeded, refused (a code of class 3000 or above) or failed. */
export interface RequestCounters {
  requests: number;
  succeeded: number;
  refused: number;
  failed: number;
  readonly byOperation: Record<keyof typeof Operation, number>;
}

/** The name of each operation, as counters and messages have it. */
export const OPERATION_NAMES = Object.fromEntries(
  Object.entries(Operation).map(([name, operation]) => [operation, name]),
) as Readonly<Record<Operation, keyof typeof Operation>>;

/** Counters at nought. */
export function newCounters(): RequestCounters {
  const byOperation = { create: 0, retrieve: 0, update: 0, delete: 0, notify: 0 };
  return { requests: 0, succeeded: 0, refused: 0, failed: 0, byOperation };
}

import { Distribution } from '../common/index.ts';
import { CseError, type CseErrorCode } from './errors.ts';
import { Operation } from './primitive.ts';
import { statusCode } from './status-codes.ts';

/** An operation by name. */
export type OperationName = keyof typeof Operation;

/**
 * How a request ended: the response status code; for one that TS-0004 does not define its class, as `4xxx`; without an answer
 * the code of the error, `other` for one that is none of ours. So there are not many, whatever a CSE answers.
 */
export type RequestEnd = number | `${number}xxx` | CseErrorCode | 'other';

/** Requests since a client was made: each ends as succeeded, refused (a code of class 3000 or above) or failed. */
export interface RequestCounters {
  requests: number;
  succeeded: number;
  refused: number;
  failed: number;
  readonly byOperation: Record<OperationName, number>;
  /** How requests ended, by operation. */
  readonly ends: Readonly<Record<OperationName, Map<RequestEnd, number>>>;
  /** Seconds from when a request had a connection until its answer was whole, by operation. */
  readonly answerTime: Readonly<Record<OperationName, Distribution>>;
}

/** The name of each operation, as counters and messages have it. */
export const OPERATION_NAMES = Object.fromEntries(
  Object.entries(Operation).map(([name, operation]) => [operation, name]),
) as Readonly<Record<Operation, OperationName>>;

/** Counters at nought. */
export function newCounters(): RequestCounters {
  const byOperation = { create: 0, retrieve: 0, update: 0, delete: 0, notify: 0 };
  const ends = {
    create: new Map(),
    retrieve: new Map(),
    update: new Map(),
    delete: new Map(),
    notify: new Map(),
  };
  const answerTime = {
    create: new Distribution(),
    retrieve: new Distribution(),
    update: new Distribution(),
    delete: new Distribution(),
    notify: new Distribution(),
  };
  return { requests: 0, succeeded: 0, refused: 0, failed: 0, byOperation, ends, answerTime };
}

/** Counts how a request ended. */
export function countEnd(counters: RequestCounters, operation: OperationName, end: RequestEnd): void {
  const ends = counters.ends[operation];
  ends.set(end, (ends.get(end) ?? 0) + 1);
}

/** How a request ended that was answered. */
export function endOfAnswer(rsc: number): RequestEnd {
  return statusCode(rsc) === undefined ? `${Math.floor(rsc / 1000)}xxx` : rsc;
}

/** How a request ended that was not. */
export function endOfFailure(error: unknown): RequestEnd {
  return error instanceof CseError ? error.code : 'other';
}

import { IpeError, type IpeErrorOptions } from '../common/index.ts';
import { statusCode } from './status-codes.ts';

/**
 * What can go wrong between us and a CSE. `cse/refused`: it answered with a code of class 4000 or above; `cse/unreachable`:
 * no connection, or it broke before the answer; `cse/untrusted`: TLS failed, for one side does not accept the other's
 * certificate, which may be renewed; `cse/timeout`: no answer within the deadline; `cse/not-a-cse`: an answer that is none
 * of oneM2M; `cse/busy`: the local queue is full; `cse/closed`: the client was closed; `cse/aborted`: the caller's signal;
 * `cse/bad-request`: a request that the binding cannot carry, or (on the receiving side) cannot read.
 */
export type CseErrorCode =
  | 'cse/refused'
  | 'cse/unreachable'
  | 'cse/untrusted'
  | 'cse/timeout'
  | 'cse/not-a-cse'
  | 'cse/busy'
  | 'cse/closed'
  | 'cse/aborted'
  | 'cse/bad-request';

/** Whether the same request may succeed later, by code; `cse/refused` depends on its response status code. */
const RETRYABLE: Readonly<Record<CseErrorCode, boolean>> = {
  'cse/refused': false,
  'cse/unreachable': true,
  'cse/untrusted': true,
  'cse/timeout': true,
  'cse/not-a-cse': false,
  'cse/busy': true,
  'cse/closed': false,
  'cse/aborted': false,
  'cse/bad-request': false,
};

/** The only error of this folder. `rsc` is the response status code where one is known (TS-0004 6.6.3). */
export class CseError extends IpeError {
  declare readonly code: CseErrorCode;
  readonly rsc: number | undefined;

  constructor(code: CseErrorCode, message: string, options: IpeErrorOptions & { readonly rsc?: number } = {}) {
    const { rsc, ...rest } = options;
    const retryable = rsc === undefined ? RETRYABLE[code] : statusCode(rsc)?.retryable === true;
    super(code, message, { retryable, ...rest });
    this.rsc = rsc;
  }
}

/** An rsc as an operator reads it: `4105 CONFLICT`. */
export function describeStatusCode(rsc: number): string {
  const row = statusCode(rsc);
  return row === undefined ? String(rsc) : `${rsc} ${row.name}`;
}

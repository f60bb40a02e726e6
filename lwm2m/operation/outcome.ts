import { errorMessage, IpeError } from '../../common/index.ts';
import type { CoapCode } from '../coap/types.ts';
import type { Node } from '../content/value.ts';
import type { Path } from '../model/path.ts';
import type { DiscoveredLink } from './discovered-link.ts';
import type { ExchangeEnd } from './reach.ts';

/** The device did what was asked. */
export interface Success {
  readonly kind: 'success';
  readonly code: CoapCode;
  /** Read, Observe: the values; only those below the path that was asked for. */
  readonly nodes?: readonly Node[];
  /** Discover. */
  readonly links?: readonly DiscoveredLink[];
  /** Create: the instance that the device made. */
  readonly path?: Path;
  /** The values as they came; absent where they came in several answers. */
  readonly content?: { readonly format: number; readonly payload: Buffer };
  /** Observe: false when the device gave the value and will not report changes (RFC 7641 3.1). */
  readonly observing?: boolean;
  /** Observe of what was observed already: true when the device says the very same as the last time. */
  readonly unchanged?: true;
}

/** The device said no; `reason` is its diagnostic text, at most 64 characters of ASCII. */
export interface Refused {
  readonly kind: 'refused';
  readonly code: CoapCode;
  readonly reason?: string;
}

/**
 * `timeout`: no answer before the deadline; what was asked may have happened all the same. `reset`: the device knows
 * nothing of it. `asleep`: it was not sent. `expired`: its deadline passed while it waited for the device to wake, and it
 * was never sent. `superseded`: a later Write took its place before it was sent, or sent again. `gone`: the registration
 * is not there, or ended meanwhile, or the device came back without what was addressed. `cancelled`: by the caller, or
 * because the server stops.
 */
export interface Unanswered {
  readonly kind: 'timeout' | 'reset' | 'asleep' | 'expired' | 'superseded' | 'gone' | 'cancelled';
}

/** Refused on our side, or answered with something that cannot be read. */
export interface Invalid {
  readonly kind: 'invalid';
  readonly reason: string;
}

/** How an operation ended: always a value, never an exception. */
export type Outcome = Success | Refused | Unanswered | Invalid;

/** The outcome of what cannot be asked or cannot be read. */
export function invalid(reason: string): Invalid {
  return { kind: 'invalid', reason };
}

const FAILURES: Readonly<Record<string, Unanswered['kind']>> = {
  'coap/timeout': 'timeout',
  'coap/reset': 'reset',
  'coap/aborted': 'cancelled',
  'coap/closed': 'cancelled',
};

/** The others happen on our side. */
const ENDS: Readonly<Record<string, ExchangeEnd>> = {
  'coap/timeout': 'silent',
  'coap/reset': 'answered',
  'coap/reply-too-large': 'answered',
  'coap/changed': 'answered',
  'coap/blocks': 'answered',
};

/** What a CoAP exchange without reply means. */
export function outcomeOfFailure(error: unknown): Unanswered | Invalid {
  const kind = error instanceof IpeError ? FAILURES[error.code] : undefined;
  return kind === undefined ? invalid(errorMessage(error)) : { kind };
}

/** What the failure of a request says about whether the device listens. */
export function endOfFailure(error: unknown): ExchangeEnd {
  return error instanceof IpeError ? (ENDS[error.code] ?? 'unknown') : 'unknown';
}

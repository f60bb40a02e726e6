import type { Unanswered } from '../../lwm2m/index.ts';

/** Response status codes of what is no answer of a device (TS-0004 6.6.3). */
export const COMMAND_STATUS_CODES = {
  accepted: 1000,
  badRequest: 4000,
  timeout: 4008,
  /** INTERNAL_SERVER_ERROR: there is an answer that cannot be read. */
  unreadable: 5000,
  /** TARGET_NOT_REACHABLE: the same command may succeed later. */
  notNow: 5103,
  /** EXTERNAL_OBJECT_NOT_REACHABLE. */
  notReachable: 6003,
  /** EXTERNAL_OBJECT_NOT_FOUND. */
  notFound: 6005,
} as const;

/** How a command ends that the device has not answered. */
export interface UnansweredEnd {
  readonly state: 'failed' | 'expired';
  readonly rsc: number;
  readonly reason: string;
}

const { timeout, notNow, notReachable, notFound } = COMMAND_STATUS_CODES;
const EXPIRED: UnansweredEnd = { state: 'expired', rsc: timeout, reason: 'not sent before it expired' };
const SILENT: UnansweredEnd = failed(timeout, 'the device did not answer in time; it may have been carried out');

/**
 * Every outcome without an answer: how the command ends that was never sent, and the one of which a request had left. The
 * second may have happened whatever became of its answer, and says so, but for the reset: who resets a message has not
 * taken it (RFC 7252 4.2). Only what was never sent is `expired`.
 */
export const UNANSWERED_ENDS = {
  timeout: { unsent: EXPIRED, sent: SILENT },
  expired: { unsent: EXPIRED, sent: SILENT },
  reset: {
    unsent: failed(notReachable, 'the device rejected the message'),
    sent: failed(notReachable, 'the device rejected the message'),
  },
  asleep: {
    unsent: failed(notReachable, 'the device sleeps; nothing was sent'),
    sent: failed(notReachable, 'the device fell asleep without an answer; it may have been carried out'),
  },
  gone: {
    unsent: failed(notFound, 'the device has left; nothing was sent'),
    sent: failed(notFound, 'the device has left without an answer; it may have been carried out'),
  },
  cancelled: {
    unsent: failed(notNow, 'the bridge stops; nothing was sent'),
    sent: failed(notNow, 'the bridge stopped before the answer; it may have been carried out'),
  },
  superseded: {
    unsent: failed(notNow, 'a later write took its place; nothing was sent'),
    sent: failed(notNow, 'a later write took its place before the answer; it may have been carried out'),
  },
} as const satisfies Readonly<Record<Unanswered['kind'], Readonly<Record<'unsent' | 'sent', UnansweredEnd>>>>;

function failed(rsc: number, reason: string): UnansweredEnd {
  return { state: 'failed', rsc, reason };
}

import type { CoapCode, Peer } from './types.ts';

/** A response that answers no open request: a notification, whole with its blocks, or something unknown (RFC 7641 3.2). */
export interface CoapNotification {
  readonly peer: Peer;
  /** Of the request that asked for it. */
  readonly token: Buffer;
  readonly code: CoapCode;
  /** Orders notifications of one token (RFC 7641 3.4); undefined when it is none, or the last. */
  readonly observe: number | undefined;
  readonly contentFormat?: number | undefined;
  readonly payload: Buffer;
  readonly confirmable: boolean;
  /** When its first block came: milliseconds on the monotonic clock. */
  readonly receivedAt: number;
  /** Of its message, the first of one in blocks: for logs alone. */
  readonly messageId?: number;
}

/**
 * Takes notifications, in order of arrival for each (peer, token). False: answered with a reset, which ends the observation
 * at the device (RFC 7641 3.6). Else a CON one is acknowledged: at once, or when the promise settles. One that came in blocks,
 * or while its observation was being asked for, may have been acknowledged before: see `OwedAcknowledgement`. Must not throw.
 */
export type NotificationHandler = (notification: CoapNotification) => boolean | Promise<void>;

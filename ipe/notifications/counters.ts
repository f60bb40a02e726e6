/** Why a NOTIFY was refused, or not answered with success. */
export type NotificationProblem =
  /** Not what TS-0009 6 and TS-0004 6.3.5.13 say. */
  | 'malformed'
  /** By somebody who does not know the secret part of the pointOfAccess. */
  | 'path'
  /** From another than the CSE. */
  | 'sender'
  /** No NOTIFY. */
  | 'operation'
  /** For another AE. */
  | 'target'
  /** Of a subscription that somebody else created. */
  | 'creator'
  /** Of a subscription that is not, or no longer, known here. */
  | 'subscription'
  /** Too many others wait for their answer. */
  | 'busy'
  /** Who it was for did not answer in time, or failed. */
  | 'unanswered';

/** Plain numbers since the start. */
export interface NotificationCounters {
  /** NOTIFY requests in order, verifications included; a batch is one. */
  accepted: number;
  /** NOTIFY requests refused, by reason. */
  readonly refused: Record<NotificationProblem, number>;
}

/** All counters at zero. */
export function newNotificationCounters(): NotificationCounters {
  return {
    accepted: 0,
    refused: {
      malformed: 0,
      path: 0,
      sender: 0,
      operation: 0,
      target: 0,
      creator: 0,
      subscription: 0,
      busy: 0,
      unanswered: 0,
    },
  };
}

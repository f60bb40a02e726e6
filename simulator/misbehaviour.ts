import type { CoapCode } from '../lwm2m/index.ts';

/** What a device does wrong, on demand. All off unless set. */
export interface Misbehaviour {
  /** Leaves without De-register. */
  readonly neverDeregister: boolean;
  /** Sends no Update by itself, so that its lifetime runs out. */
  readonly neverUpdate: boolean;
  /** Sends every datagram twice, byte for byte (as after a lost acknowledgement, RFC 7252 4.2). */
  readonly duplicate: boolean;
  /** Holds each datagram, and each duplicate, for a random time up to this many milliseconds, so that they overtake. */
  readonly reorder: number;
  /** Sends this instead of the link list; `true`: a list that breaks off in the middle of a link. */
  readonly badPayload: boolean | string;
  /** Content-Format of the link list instead of 40; `none`: without the option. */
  readonly contentFormat: number | 'none' | undefined;
  /** Sent as the value of `b`, whatever the version would say. */
  readonly rawBinding: string | undefined;
  /** Query parameters beside the known ones, e.g. `mac=00:11:22:33:44:55`. */
  readonly extraQuery: readonly string[];
  /** Answers every Write, Create and Delete with this code. */
  readonly refuseWrites: CoapCode | undefined;
  /** Takes this many milliseconds for each answer to the server. */
  readonly answerDelay: number;
  /** Answers no request of the server: `silent`, or with an empty acknowledgement and nothing after it. */
  readonly neverAnswer: false | 'silent' | 'acknowledge';
  /** The part of non-confirmable notifications that get lost, 0 to 1. */
  readonly loseNotifications: number;
  /** Sends each notification this many times more, acknowledged or not. */
  readonly retransmit: number;
  /** Tells in a notification only what changed, not all that is observed. */
  readonly partialNotifications: boolean;
  /** Answers in its usual format, whatever format was asked for. */
  readonly ignoreAccept: boolean;
}

/** A device without faults. */
export const NO_MISBEHAVIOUR: Misbehaviour = {
  neverDeregister: false,
  neverUpdate: false,
  duplicate: false,
  reorder: 0,
  badPayload: false,
  contentFormat: undefined,
  rawBinding: undefined,
  extraQuery: [],
  refuseWrites: undefined,
  answerDelay: 0,
  neverAnswer: false,
  loseNotifications: 0,
  retransmit: 0,
  partialNotifications: false,
  ignoreAccept: false,
};

import type { Deadline } from './deadlines.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import type { OwedAcknowledgement } from './owed-acknowledgement.ts';
import type { ReplyMessage } from './reply-reader.ts';
import type { Peer } from './types.ts';

/** A notification as its first message brought it. */
export interface ArrivedNotification {
  readonly peer: Peer;
  readonly type: number;
  readonly messageId: number;
  readonly token: Buffer;
  readonly reply: ReplyMessage;
  readonly receivedAt: number;
  /** What its rest is asked for with; undefined when it is whole. */
  readonly request: OutgoingRequest | undefined;
  /** Of one that is held back, where it is CON. */
  readonly owed?: OwedAcknowledgement | undefined;
}

/** Notifications of one observation that wait for something before them, in order of arrival. */
export class NotificationLine implements Deadline {
  dueAt = 0;
  place = -1;
  readonly waiting: ArrivedNotification[] = [];
  /** True while our own request for the observation is open: its reply comes first. */
  awaitsReply: boolean;
  /** True while the rest of the first in line is being fetched. */
  isFetching = false;
  readonly key: string;
  readonly #release: (line: NotificationLine) => void;

  constructor(key: string, awaitsReply: boolean, release: (line: NotificationLine) => void) {
    this.key = key;
    this.awaitsReply = awaitsReply;
    this.#release = release;
  }

  due(): void {
    this.#release(this);
  }
}

import { codeText } from './codes.ts';
import type { CoapMessage } from './message.ts';
import { readUint } from './option-cursor.ts';
import { isCritical, isUnderstood, OPTION } from './options.ts';
import type { CoapReply } from './outgoing-request.ts';

/** A reply or notification as it stands in one message; payload and etag point into the datagram. */
export interface ReplyMessage extends CoapReply {
  /** Values of the block options (RFC 7959 2.2). */
  readonly block1?: number;
  readonly block2?: number;
  /** Bytes of the whole reply, as its sender believes (RFC 7959 4). */
  readonly size2?: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The reply in a message; undefined when it must be rejected for a critical option (RFC 7252 5.4.1). */
export function replyOf(message: CoapMessage): ReplyMessage | undefined {
  const locationPath: string[] = [];
  const reply: Writable<ReplyMessage> = { code: codeText(message.code), locationPath, payload: message.payload };
  let previous = 0;
  for (const { number, value } of message.options) {
    if (!isUnderstood(number, value.length, number === previous)) {
      if (isCritical(number)) return undefined;
    } else if (number === OPTION.LOCATION_PATH) {
      locationPath.push(value.toString('utf8'));
    } else if (number === OPTION.ETAG) {
      reply.etag = value;
    } else {
      const key = NUMBERS[number];
      if (key !== undefined) reply[key] = readUint(value, 0, value.length);
    }
    previous = number;
  }
  return reply;
}

const NUMBERS: Readonly<Record<number, 'contentFormat' | 'observe' | 'maxAge' | 'block1' | 'block2' | 'size2'>> = {
  [OPTION.OBSERVE]: 'observe',
  [OPTION.CONTENT_FORMAT]: 'contentFormat',
  [OPTION.MAX_AGE]: 'maxAge',
  [OPTION.BLOCK2]: 'block2',
  [OPTION.BLOCK1]: 'block1',
  [OPTION.SIZE2]: 'size2',
};

/** A reply that came in one message, without what only its blocks were about. */
export function wholeReply({ block1: _1, block2: _2, size2: _3, ...reply }: ReplyMessage): CoapReply {
  return reply;
}

/** True for class 2 (RFC 7252 12.1.2). */
export function isSuccess(reply: CoapReply): boolean {
  return reply.code.startsWith('2.');
}

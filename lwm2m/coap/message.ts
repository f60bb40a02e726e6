import { DecodeError } from '../../common/index.ts';
import { OPTION_FOUND, OPTIONS_MALFORMED, OptionCursor } from './option-cursor.ts';

/** One option as it stands in a message. */
export interface CoapOption {
  readonly number: number;
  readonly value: Buffer;
}

/** A message as it stands in a datagram (RFC 7252 3), its options in ascending order. */
export interface CoapMessage {
  /** 0 CON, 1 NON, 2 ACK, 3 RST. */
  readonly type: number;
  readonly code: number;
  readonly messageId: number;
  readonly token: Buffer;
  readonly options: readonly CoapOption[];
  readonly payload: Buffer;
}

/** Longest token (RFC 7252 3); 9 to 15 are a format error. */
export const MAX_TOKEN_LENGTH = 8;
const HEADER_LENGTH = 4;

const cursor = new OptionCursor();

/**
 * Reads a datagram; its parts point into `data`. Throws `DecodeError` `coap/undecodable` for whatever RFC 7252 3 calls a
 * message format error, and for another version.
 */
export function decodeMessage(data: Buffer): CoapMessage {
  if (data.length < HEADER_LENGTH) throw undecodable('shorter than a header', data.length);
  const first = data[0] as number;
  if (first >> 6 !== 1) throw undecodable('not version 1', 0);
  const optionsStart = HEADER_LENGTH + (first & 15);
  if ((first & 15) > MAX_TOKEN_LENGTH || optionsStart > data.length) throw undecodable('token length', 0);
  const code = data[1] as number;
  if (code === 0 && data.length !== HEADER_LENGTH) throw undecodable('empty message with content', HEADER_LENGTH);
  const options: CoapOption[] = [];
  cursor.begin(data, optionsStart);
  let found = cursor.next();
  while (found === OPTION_FOUND) {
    options.push({ number: cursor.number, value: data.subarray(cursor.start, cursor.end) });
    found = cursor.next();
  }
  if (found === OPTIONS_MALFORMED) throw undecodable('options', cursor.end);
  return {
    type: (first >> 4) & 3,
    code,
    messageId: ((data[2] as number) << 8) | (data[3] as number),
    token: data.subarray(HEADER_LENGTH, optionsStart),
    options,
    payload: data.subarray(cursor.payload),
  };
}

function undecodable(what: string, offset: number): DecodeError {
  return new DecodeError('coap/undecodable', `not a CoAP message: ${what}`, offset);
}

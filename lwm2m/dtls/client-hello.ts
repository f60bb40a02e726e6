import { DecodeError } from '../../common/index.ts';
import { CONTENT_TYPE, RECORD_HEADER } from './records.ts';

const HANDSHAKE_HEADER = 12;
const CLIENT_HELLO = 1;
const BODY = RECORD_HEADER + HANDSHAKE_HEADER;
const RANDOM_END = 34;
const MAX_SESSION_ID = 32;

/** What is read of a ClientHello before anything is kept for its sender (RFC 6347 4.2.1, 4.2.2). */
export interface ClientHello {
  /** Sequence number of its record, 6 bytes; a HelloVerifyRequest carries the same. */
  readonly sequence: Buffer;
  readonly messageSequence: number;
  /** Version, random and session id: what stays the same when the cookie is added. */
  readonly parameters: Buffer;
  /** Empty at first. */
  readonly cookie: Buffer;
}

/** True when the first record begins the first fragment of a ClientHello in the clear. */
export function startsClientHello(datagram: Buffer): boolean {
  return (
    datagram.length >= BODY &&
    datagram[0] === CONTENT_TYPE.handshake &&
    datagram.readUInt16BE(3) === 0 &&
    datagram[RECORD_HEADER] === CLIENT_HELLO &&
    datagram.readUIntBE(RECORD_HEADER + 6, 3) === 0
  );
}

/**
 * Reads the first fragment of a ClientHello up to its cookie, which must lie in it. Throws `DecodeError` `dtls/client-hello`
 * and nothing else, for any bytes.
 */
export function readClientHello(datagram: Buffer): ClientHello {
  if (!startsClientHello(datagram)) throw fault('no ClientHello', 0);
  const length = datagram.readUIntBE(RECORD_HEADER + 1, 3);
  const fragment = datagram.readUIntBE(RECORD_HEADER + 9, 3);
  const record = datagram.readUInt16BE(11);
  if (fragment > length || HANDSHAKE_HEADER + fragment > record || BODY + fragment > datagram.length) {
    throw fault('its lengths disagree', RECORD_HEADER);
  }
  const body = datagram.subarray(BODY, BODY + fragment);
  const sessionId = vector(body, RANDOM_END, MAX_SESSION_ID);
  const cookie = vector(body, RANDOM_END + 1 + sessionId.length, 255);
  return {
    sequence: datagram.subarray(5, 11),
    messageSequence: datagram.readUInt16BE(RECORD_HEADER + 4),
    parameters: body.subarray(0, RANDOM_END + 1 + sessionId.length),
    cookie,
  };
}

/** A vector with one byte of length (RFC 5246 4.3). */
function vector(body: Buffer, offset: number, most: number): Buffer {
  const length = body[offset];
  const end = offset + 1 + (length ?? 0);
  if (length === undefined || length > most || end > body.length)
    throw fault('a field reaches beyond it', BODY + offset);
  return body.subarray(offset + 1, end);
}

function fault(what: string, offset: number): DecodeError {
  return new DecodeError('dtls/client-hello', `not a ClientHello: ${what}`, offset);
}

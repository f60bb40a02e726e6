import { type CipherSuite, isProtectedLength } from './cipher-suites.ts';

/** Content types of a record (RFC 6347 4.1, RFC 5246 6.2.1). */
export const CONTENT_TYPE = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;

/** type, version, epoch, sequence number, length (RFC 6347 4.1). */
export const RECORD_HEADER = 13;

/** The longest content of a record before it is protected (RFC 6347 4.1). */
export const MAX_PLAINTEXT = 16_384;

/** What OpenSSL takes at once; no device needs as much. */
const LONGEST = 16_384;

const EPOCH_AT = 3;
const LENGTH_AT = 11;

/** True when a datagram of at most 16 KiB begins with a whole record of DTLS 1.0 to 1.2. */
export function startsWithRecord(datagram: Buffer): boolean {
  if (datagram.length < RECORD_HEADER || datagram.length > LONGEST) return false;
  const type = datagram[0] as number;
  return (
    type >= CONTENT_TYPE.changeCipherSpec &&
    type <= CONTENT_TYPE.applicationData &&
    datagram[1] === 0xfe &&
    recordEnd(datagram, 0) <= datagram.length
  );
}

/** The epoch of the first record. */
export function epochOf(datagram: Buffer): number {
  return datagram.readUInt16BE(EPOCH_AT);
}

/** Where the record that starts at `offset` ends by its length field; may lie beyond the bytes given. */
export function recordEnd(bytes: Buffer, offset: number): number {
  return offset + RECORD_HEADER + bytes.readUInt16BE(offset + LENGTH_AT);
}

/** True when a whole record of this type stands in the datagram. */
export function hasRecord(datagram: Buffer, type: number): boolean {
  for (let offset = 0; offset + RECORD_HEADER <= datagram.length; offset = recordEnd(datagram, offset)) {
    if (datagram[offset] === type && recordEnd(datagram, offset) <= datagram.length) return true;
  }
  return false;
}

/** True when the datagram consists of whole records, and those that this suite protects are as long as it makes them. */
export function isSound(datagram: Buffer, suite: CipherSuite): boolean {
  let offset = 0;
  while (offset + RECORD_HEADER <= datagram.length) {
    const next = recordEnd(datagram, offset);
    const isProtected = datagram.readUInt16BE(offset + EPOCH_AT) > 0;
    if (isProtected && !isProtectedLength(suite, next - offset - RECORD_HEADER)) return false;
    offset = next;
  }
  return offset === datagram.length;
}

/** Calls `send` with the bounds of datagrams of whole records, each as full as `mtu` allows; a longer record goes alone. */
export function packRecords(records: Buffer, mtu: number, send: (offset: number, length: number) => void): void {
  let start = 0;
  let end = 0;
  while (end + RECORD_HEADER <= records.length) {
    const next = recordEnd(records, end);
    if (next - start > mtu && end > start) {
      send(start, end - start);
      start = end;
    }
    end = next;
  }
  if (end > start) send(start, end - start);
}

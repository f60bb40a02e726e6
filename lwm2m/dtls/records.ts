/** Content types of a record (RFC 6347 4.1, RFC 5246 6.2.1). */
export const CONTENT_TYPE = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;

/** type, version, epoch, sequence number, length (RFC 6347 4.1). */
export const RECORD_HEADER = 13;

const LENGTH_AT = 11;

/** True when the first bytes are the header of a DTLS record of 1.0 to 1.2 and the record lies wholly in the datagram. */
export function startsWithRecord(datagram: Buffer): boolean {
  if (datagram.length < RECORD_HEADER) return false;
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
  return datagram.readUInt16BE(3);
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

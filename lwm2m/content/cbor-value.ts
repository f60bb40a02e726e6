import type { CborWriter } from './cbor-writer.ts';
import { integerOf, type WireType } from './checked-nodes.ts';
import type { ObjectLinkValue, Value } from './value.ts';

/** Writes a value in CBOR (LwM2M 1.2 C.2); a link as text `3:0`, a time as integer of seconds. Throws IpeError. */
export function writeCborValue(writer: CborWriter, type: WireType, value: Value): void {
  switch (type) {
    case 'string':
    case 'corelnk':
      writer.text(value as string);
      break;
    case 'integer':
    case 'unsigned':
    case 'time':
      writer.integer(integerOf(value));
      break;
    case 'float':
      writer.float(Number(value));
      break;
    case 'boolean':
      writer.boolean(value as boolean);
      break;
    case 'opaque':
      writer.byteString(value as Buffer);
      break;
    case 'objlnk': {
      const { objectId, instanceId } = value as ObjectLinkValue;
      writer.text(`${objectId}:${instanceId}`);
    }
  }
}

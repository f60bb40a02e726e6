import type { CoapMessage } from '../../lwm2m/coap/message.ts';
import { MessageWriter, OPTION_ROOM } from '../../lwm2m/coap/message-writer.ts';

const HEADER_LENGTH = 4;
const LONGEST_TOKEN = 8;

const writer = new MessageWriter();

/** The datagram of a message. Options may come in any order; those of equal number keep theirs. */
export function encodeMessage(message: CoapMessage): Buffer {
  const options = [...message.options].sort((a, b) => a.number - b.number);
  let room = HEADER_LENGTH + LONGEST_TOKEN + 1 + message.payload.length;
  for (const option of options) room += OPTION_ROOM + option.value.length;
  const buffer = Buffer.allocUnsafe(room);
  const { type, code, messageId, token } = message;
  writer.begin(buffer, 0, type, code, messageId, token, 0, token.length);
  for (const option of options) writer.opaque(option.number, option.value);
  writer.payload(message.payload);
  return buffer.subarray(0, writer.at);
}

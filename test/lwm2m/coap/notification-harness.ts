import type { CoapMessage } from '../../../lwm2m/coap/message.ts';
import type { MessageLayerOptions } from '../../../lwm2m/coap/message-layer.ts';
import type { CoapNotification, NotificationHandler } from '../../../lwm2m/coap/notification.ts';
import type { OutgoingRequest } from '../../../lwm2m/coap/outgoing-request.ts';
import { peerAt } from '../../../lwm2m/coap/peers.ts';
import { block, LayerHarness, numberIn, option, settled, variedChances, watch } from './layer-harness.ts';

export const DEVICE = peerAt('192.0.2.1', 5683);
export const TOKEN = Buffer.from('4a', 'hex');
export const OBSERVE_TEMPERATURE: OutgoingRequest = { method: 'GET', path: ['temperature'], observe: 0 };
const [OBSERVE, BLOCK2, ETAG] = [6, 23, 4];
export const [ACK, RST] = ['6000', '7000'];

type Settings = Pick<MessageLayerOptions, 'limits' | 'observed' | 'durable'>;

/** A layer whose notifications are kept; `taken` says whether they are. */
export function listening(taken: NotificationHandler = () => true, settings: Settings = {}) {
  const seen: CoapNotification[] = [];
  const notification: NotificationHandler = (one) => {
    const takes = taken(one);
    if (takes !== false) seen.push(one);
    return takes;
  };
  const harness = new LayerHarness(undefined, { ...settings, notification });
  harness.chances.push(...variedChances());
  return { harness, seen, payloads: () => seen.map(({ payload }) => payload.toString()) };
}

/** An observation that the device has agreed to. */
export async function observing(taken?: NotificationHandler, request = OBSERVE_TEMPERATURE, settings: Settings = {}) {
  const made = listening(taken, settings);
  const { harness } = made;
  watch(harness.layer.request(DEVICE, request, { token: TOKEN }));
  harness.answer(harness.takeOne(), { options: [option(OBSERVE, 1)] });
  await settled();
  return made;
}

/** A notification as the device sends it. */
export const notify = (messageId: number, observe: number, parts: Partial<CoapMessage> = {}): Partial<CoapMessage> => ({
  type: 0,
  code: 0x45,
  messageId,
  token: TOKEN,
  ...parts,
  options: [option(OBSERVE, observe), ...(parts.options ?? [])],
});

/** A block of a notification or of what fetches its rest. */
export const piece = (whole: Buffer, number: number, version: string): Pick<CoapMessage, 'options' | 'payload'> => ({
  options: [option(ETAG, version), option(BLOCK2, block(number, (number + 1) * 64 < whole.length ? 1 : 0, 64))],
  payload: whole.subarray(number * 64, (number + 1) * 64),
});

/** Answers what is asked for the rest of a notification until nothing more is. */
export async function serveRest(harness: LayerHarness, whole: Buffer, version: string): Promise<CoapMessage[]> {
  const asked: CoapMessage[] = [];
  for (let [request] = harness.take(); request !== undefined; [request] = harness.take()) {
    asked.push(request);
    harness.answer(request, piece(whole, block2Number(request), version));
    await settled();
  }
  return asked;
}

/** The number of the block that a message asks for. */
export const block2Number = (message: CoapMessage): number => (numberIn(message, BLOCK2) ?? 0) >> 4;

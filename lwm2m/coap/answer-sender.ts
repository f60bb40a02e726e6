import { repetitionsWithin } from './amplification.ts';
import { type AnswerBlocks, answerRoom, NO_BLOCKS, writeAnswer } from './answer-writer.ts';
import { ACK, CODE, CON, codeText, NON } from './codes.ts';
import type { Exchange } from './exchange.ts';
import type { LayerContext } from './layer-context.ts';
import { MessageWriter } from './message-writer.ts';
import { type PeerEntry, takeMessageId } from './peers.ts';
import { ANSWER } from './recent-messages.ts';
import type { TransmissionEnd, Transmissions } from './transmissions.ts';
import type { CoapResponse, Peer } from './types.ts';

const TOKEN_START = 4;
/** Bytes of an empty message. */
const EMPTY_BYTES = 4;
const TOO_LONG: CoapResponse = { code: '5.00' };

/** Sends answers: in the acknowledgement, separately, as NON, or again for a duplicate (RFC 7252 5.2). */
export class AnswerSender {
  readonly #context: LayerContext;
  readonly #transmissions: Transmissions;
  readonly #writer = new MessageWriter();

  constructor(context: LayerContext, transmissions: Transmissions) {
    this.#context = context;
    this.#transmissions = transmissions;
  }

  /** Sends an empty message: an acknowledgement or a reset (RFC 7252 4.1). */
  sendEmpty(peer: Peer, type: number, messageId: number): void {
    const bytes = Buffer.allocUnsafe(4);
    bytes[0] = 0x40 | (type << 4);
    bytes[1] = CODE.EMPTY;
    bytes[2] = messageId >> 8;
    bytes[3] = messageId & 0xff;
    this.#context.send(peer, bytes, 0, 4);
  }

  /** Answers a duplicate as the first of its kind was answered, where it was (RFC 7252 4.2, 4.3). */
  answerDuplicate(entry: PeerEntry, messageId: number, message: number): void {
    const { recent, counters, send } = this.#context;
    counters.duplicates++;
    const kind = recent.kind(message);
    if (kind === ANSWER.EMPTY) this.sendEmpty(entry.peer, ACK, messageId);
    if (kind === ANSWER.KEPT) recent.kept(message, (bytes, at, length) => send(entry.peer, bytes, at, length));
  }

  /** Refuses a request without remembering it: the same request would be refused again. */
  refuse(data: Buffer, type: number, messageId: number, peer: Peer, code: number): void {
    this.#context.counters.refused++;
    // A NON request with an unknown critical option is rejected in silence (RFC 7252 5.4.1).
    if (type === NON && code === CODE.BAD_OPTION) return;
    this.#answerUnread(data, type, messageId, peer, { code: codeText(code) });
  }

  /** Turns away a request that was not even looked at, and does not remember it: the peer comes again later. */
  turnAway(data: Buffer, type: number, messageId: number, peer: Peer, response: CoapResponse): void {
    this.#answerUnread(data, type, messageId, peer, response);
  }

  #answerUnread(data: Buffer, type: number, messageId: number, peer: Peer, response: CoapResponse): void {
    const { random, send } = this.#context;
    const token = data.subarray(TOKEN_START, TOKEN_START + ((data[0] as number) & 15));
    const bytes = Buffer.allocUnsafe(answerRoom(response));
    const id = type === CON ? messageId : Math.floor(random() * 0x1_0000);
    const end = writeAnswer(this.#writer, bytes, 0, type === CON ? ACK : NON, id, token, response, NO_BLOCKS);
    send(peer, bytes, 0, end);
  }

  /** Answers a request at once: piggybacked when it was CON, as NON when it was NON (RFC 7252 5.2.1, 5.2.3). */
  send(
    entry: PeerEntry,
    type: number,
    messageId: number,
    message: number,
    token: Buffer,
    response: CoapResponse,
    blocks: AnswerBlocks,
  ): void {
    const { recent, send } = this.#context;
    const store = recent.answers;
    if (!store.reserve(answerRoom(response))) {
      this.#context.logger.error('a CoAP answer is too long for a datagram', { peer: entry.peer.key });
      this.send(entry, type, messageId, message, token, TOO_LONG, NO_BLOCKS);
      return;
    }
    const { buffer, at } = store;
    const piggybacked = type === CON;
    const id = piggybacked ? messageId : takeMessageId(entry);
    const end = writeAnswer(this.#writer, buffer, at, piggybacked ? ACK : NON, id, token, response, blocks);
    if (piggybacked) recent.setKept(message, end);
    else store.pass(end);
    send(entry.peer, buffer, at, end - at);
  }

  /** Answers an exchange: at once, or separately when it was acknowledged already. */
  sendFor(exchange: Exchange, response: CoapResponse, blocks: AnswerBlocks): void {
    const { entry, type, messageId, message, request } = exchange;
    if (exchange.acknowledged) this.#sendSeparately(exchange, response, blocks);
    else this.send(entry, type, messageId, message, request.token, response, blocks);
  }

  /** As a CON message of its own, sent until it is acknowledged (RFC 7252 5.2.2). */
  #sendSeparately(exchange: Exchange, response: CoapResponse, blocks: AnswerBlocks): void {
    const { entry, request, room } = exchange;
    const bytes = Buffer.allocUnsafe(answerRoom(response));
    const id = this.#transmissions.takeMessageId(entry);
    const end = writeAnswer(this.#writer, bytes, 0, CON, id, request.token, response, blocks);
    this.#context.counters.separate++;
    const ended = (outcome: TransmissionEnd) => {
      if (outcome === 'acknowledged') return;
      this.#context.logger.debug('a separate CoAP answer was not taken', { peer: entry.peer.key, outcome });
    };
    this.#transmissions.start(entry, bytes.subarray(0, end), ended, repetitionsWithin(room - EMPTY_BYTES, end));
  }
}

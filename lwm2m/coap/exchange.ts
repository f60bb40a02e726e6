import { blockOf, blockValue } from './block.ts';
import type { Deadline } from './deadlines.ts';
import type { PeerEntry } from './peers.ts';
import type { CoapRequest } from './types.ts';

/** A request of a peer whose answer is not there at once, or that is one of several blocks. */
export class Exchange implements Deadline {
  dueAt = 0;
  place = -1;
  /** True once the peer was told that its request arrived; the answer then goes separately. */
  acknowledged = false;
  request: CoapRequest;
  readonly entry: PeerEntry;
  readonly type: number;
  readonly messageId: number;
  /** Its number among the messages remembered. */
  readonly message: number;
  /** Values of the block options, negative when absent. */
  readonly block1: number;
  readonly block2: number;
  /** Bytes that all datagrams of its answer may have together. */
  readonly room: number;
  readonly #owner: { acknowledge(exchange: Exchange): void };

  constructor(
    owner: { acknowledge(exchange: Exchange): void },
    entry: PeerEntry,
    request: CoapRequest,
    type: number,
    messageId: number,
    message: number,
    block1: number,
    block2: number,
    room: number,
  ) {
    this.#owner = owner;
    this.entry = entry;
    this.request = request;
    this.type = type;
    this.messageId = messageId;
    this.message = message;
    this.block1 = block1;
    this.block2 = block2;
    this.room = room;
  }

  due(): void {
    this.#owner.acknowledge(this);
  }

  /** What a Block1 transfer is known by (RFC 7959 2.3). */
  get uploadKey(): string {
    const { peer, method, path, query } = this.request;
    return JSON.stringify([peer.key, method, path, query]);
  }

  /** What an answer that is fetched by Block2 is known by (RFC 7959 2.4). */
  get answerKey(): string {
    const { peer, method, path, query, accept } = this.request;
    return JSON.stringify([peer.key, method, path, query, accept]);
  }

  /** The Block1 option of the final answer (RFC 7959 2.3): the last block, nothing to follow. */
  get lastBlock1(): number {
    const { number, szx } = blockOf(this.block1);
    return blockValue(number, false, szx);
  }
}

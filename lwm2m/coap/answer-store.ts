/** Bytes of one piece of memory; an answer never spans two. */
const CHUNK_BYTES = 65_536;
const NO_BYTES = Buffer.alloc(0);

/**
 * Keeps the bytes of answers in pieces of 64 KiB, so that an answer kept costs its bytes and no object. A piece is let go
 * when its last answer is; its memory is never used again, since the socket may still be sending from it.
 */
export class AnswerStore {
  /** The piece being filled. Its bytes from {@link at} on are free. */
  buffer: Buffer = NO_BYTES;
  at = 0;
  #current = -1;
  readonly #chunks: (Buffer | undefined)[] = [];
  readonly #live: number[] = [];
  readonly #free: number[] = [];
  #count = 0;

  /** Bytes of memory held. */
  get bytes(): number {
    return this.#count * CHUNK_BYTES;
  }

  /** Sees to it that `room` bytes are free at {@link at}; false when an answer may never be so long. */
  reserve(room: number): boolean {
    if (this.at + room <= this.buffer.length) return true;
    if (room > CHUNK_BYTES) return false;
    const full = this.#current;
    this.#current = this.#free.pop() ?? this.#chunks.length;
    this.buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    this.at = 0;
    this.#chunks[this.#current] = this.buffer;
    this.#live[this.#current] = 0;
    this.#count++;
    if (full >= 0 && this.#live[full] === 0) this.#letGo(full);
    return true;
  }

  /** Keeps the bytes up to `end`; the answer's location. */
  keep(end: number): number {
    const location = this.#current * CHUNK_BYTES + this.at;
    this.#live[this.#current] = (this.#live[this.#current] as number) + 1;
    this.at = end;
    return location;
  }

  /** Leaves the bytes up to `end` alone without keeping them: the socket may still be sending them. */
  pass(end: number): void {
    this.at = end;
  }

  /** The piece and, by {@link offsetOf}, the place in it of an answer kept. */
  chunkOf(location: number): Buffer {
    return this.#chunks[Math.floor(location / CHUNK_BYTES)] ?? NO_BYTES;
  }

  offsetOf(location: number): number {
    return location % CHUNK_BYTES;
  }

  /** Forgets an answer. */
  forget(location: number): void {
    const chunk = Math.floor(location / CHUNK_BYTES);
    const live = (this.#live[chunk] as number) - 1;
    this.#live[chunk] = live;
    if (live === 0 && chunk !== this.#current) this.#letGo(chunk);
  }

  /** Lets the piece being filled go as well when nothing is kept in it. */
  trim(): void {
    if (this.#current < 0 || this.#live[this.#current] !== 0) return;
    this.#letGo(this.#current);
    this.#current = -1;
    this.buffer = NO_BYTES;
    this.at = 0;
  }

  #letGo(chunk: number): void {
    this.#chunks[chunk] = undefined;
    this.#free.push(chunk);
    this.#count--;
  }
}

import { Writable } from 'node:stream';

/** Characters after which gathered lines are written without waiting. */
const MOST_GATHERED = 64 * 1024;

/**
 * Writes the lines of one turn of the event loop at once: standard output that is a file or a pipe is written synchronously,
 * and a busy bridge says something of every device. What is left is written when the process ends.
 */
export class GatheredLines extends Writable {
  readonly #target: NodeJS.WritableStream;
  readonly #flush = () => this.#write();
  #lines = '';

  constructor(target: NodeJS.WritableStream) {
    super({ decodeStrings: false });
    this.#target = target;
    process.once('exit', this.#flush);
  }

  override _write(line: string, _encoding: BufferEncoding, done: () => void): void {
    if (this.#lines === '') setImmediate(this.#flush);
    this.#lines += line;
    if (this.#lines.length >= MOST_GATHERED) this.#write();
    done();
  }

  #write(): void {
    if (this.#lines === '') return;
    const lines = this.#lines;
    this.#lines = '';
    this.#target.write(lines);
  }
}

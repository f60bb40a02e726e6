/** Characters after which gathered lines are written without waiting. */
const MOST_GATHERED = 64 * 1024;
/** Milliseconds for which lines are gathered at most. */
const GATHERING = 10;

/**
 * Writes lines of a moment at once: standard output that is a file or a pipe is written synchronously, and a busy bridge
 * says something of every device. What is left is written when the process ends.
 */
export class GatheredLines {
  readonly #target: NodeJS.WritableStream;
  readonly #flush = () => this.#write();
  #lines = '';

  constructor(target: NodeJS.WritableStream) {
    this.#target = target;
    process.once('exit', this.#flush);
  }

  /** Takes a line with its end. */
  write(line: string): void {
    if (this.#lines === '') setTimeout(this.#flush, GATHERING);
    this.#lines += line;
    if (this.#lines.length >= MOST_GATHERED) this.#write();
  }

  #write(): void {
    if (this.#lines === '') return;
    const lines = this.#lines;
    this.#lines = '';
    this.#target.write(lines);
  }
}

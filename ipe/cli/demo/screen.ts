import type { OutputStream } from '../surroundings.ts';
import { type Line, paint, plain } from './line.ts';

const DEFAULT_COLUMNS = 120;
const DEFAULT_ROWS = 40;

/** Writes lines that stay and, on a terminal, below them a block that is drawn anew whenever it changes. */
export class Screen {
  readonly terminal: boolean;
  readonly #stream: OutputStream;
  readonly #coloured: boolean;
  #block: readonly Line[] = [];
  #drawn = 0;

  constructor(stream: OutputStream, noColour: boolean) {
    this.#stream = stream;
    this.terminal = stream.isTTY === true;
    this.#coloured = this.terminal && !noColour;
  }

  /** Lines that the terminal shows at once. */
  get rows(): number {
    return this.#stream.rows ?? DEFAULT_ROWS;
  }

  /** Lines that stay. Only `whole` ones are never cut, for text that is meant to be copied. */
  say(lines: readonly Line[], whole = false): void {
    const columns = whole || !this.terminal ? Number.POSITIVE_INFINITY : this.#columns;
    const text = lines.map((line) => `${paint(line, columns, this.#coloured)}\n`).join('');
    this.#stream.write(`${this.#erasure()}${text}`);
    this.#draw();
  }

  /** Replaces the block at the bottom, if it has changed; without a terminal there is none. */
  show(block: readonly Line[]): void {
    if (!this.terminal || JSON.stringify(block) === JSON.stringify(this.#block)) return;
    this.#block = block;
    this.#stream.write(this.#erasure());
    this.#draw();
  }

  /** Turns the block into lines that stay. */
  keep(): void {
    this.#block = [];
    this.#drawn = 0;
  }

  get #columns(): number {
    return this.#stream.columns ?? DEFAULT_COLUMNS;
  }

  #erasure(): string {
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A\r\u001b[J` : '';
    this.#drawn = 0;
    return up;
  }

  #draw(): void {
    // A block higher than the window could not be erased again.
    const room = this.rows - 2;
    const shown = this.#block.length <= room ? this.#block : [...this.#block.slice(0, room - 1), plain('…')];
    this.#stream.write(shown.map((line) => `${paint(line, this.#columns - 1, this.#coloured)}\n`).join(''));
    this.#drawn = shown.length;
  }
}

import { wrap } from '../../configuration/text-block.ts';
import type { CommandToTry } from './commands-to-try.ts';
import { type Line, plain } from './line.ts';
import type { Screen } from './screen.ts';

const INDENT = '   ';
const TEXT_WIDTH = 76;

/** Moves lines under their heading. */
export function indented(lines: readonly Line[]): Line[] {
  return lines.map((line) => [[INDENT, 'plain'], ...line]);
}

/** Tells the demo in numbered steps. */
export class Story {
  readonly #screen: Screen;
  #steps = 0;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  title(text: string, about: string): void {
    this.#screen.say([
      [
        [text, 'bold'],
        [`  ${about}`, 'dim'],
      ],
    ]);
  }

  /** The next step of the tour. */
  step(heading: string): void {
    this.#steps++;
    this.#screen.say([
      plain(''),
      [
        [`${this.#steps}  `, 'dim'],
        [heading, 'bold'],
      ],
    ]);
  }

  /** A name, what it is, and what is special about it, in columns. */
  row(name: string, value: string, about: string, remark = ''): void {
    const columns: Line = [
      [name.padEnd(13), 'cyan'],
      [value.padEnd(32), 'plain'],
      [about, 'dim'],
      [remark === '' ? '' : `  (${remark})`, 'yellow'],
    ];
    this.#screen.say(indented([columns]));
  }

  arrival(name: string, about: string): void {
    this.#screen.say(
      indented([
        [
          ['+ ', 'green'],
          [name.padEnd(28), 'plain'],
          [about, 'dim'],
        ],
      ]),
    );
  }

  departure(name: string, about: string): void {
    this.#screen.say(
      indented([
        [
          ['- ', 'red'],
          [name.padEnd(28), 'plain'],
          [about, 'dim'],
        ],
      ]),
    );
  }

  text(text: string): void {
    this.#screen.say(indented(wrap(text, TEXT_WIDTH).map((line) => [[line, 'dim']])));
  }

  lines(lines: readonly Line[]): void {
    this.#screen.say(indented(lines));
  }

  /** Commands whole, so that they can be copied. */
  commands(commands: readonly CommandToTry[]): void {
    for (const { what, command } of commands) {
      const lines = command.split('\n').map((line): Line => [[line, 'cyan']]);
      this.#screen.say(indented([[[`# ${what}`, 'dim']], ...lines]), true);
    }
  }
}

/** How a piece of text looks on a terminal. */
export type Style = 'plain' | 'bold' | 'dim' | 'green' | 'red' | 'cyan' | 'yellow';

/** A line in pieces, so that it can be measured and cut before it is coloured. */
export type Line = readonly (readonly [text: string, style: Style])[];

const CODES: Readonly<Record<Style, readonly [on: number, off: number] | undefined>> = {
  plain: undefined,
  bold: [1, 22],
  dim: [2, 22],
  green: [32, 39],
  red: [31, 39],
  cyan: [36, 39],
  yellow: [33, 39],
};

/** A line of one plain piece. */
export function plain(text: string): Line {
  return [[text, 'plain']];
}

/** The line as text, cut to `columns` characters, coloured or not. */
export function paint(line: Line, columns: number, coloured: boolean): string {
  let left = columns;
  let painted = '';
  for (const [text, style] of line) {
    const characters = [...text.replace(/\p{Cc}/gu, '?')];
    const shown =
      characters.length > left ? `${characters.slice(0, Math.max(left - 1, 0)).join('')}…` : characters.join('');
    if (left <= 0) break;
    left -= characters.length;
    const codes = coloured ? CODES[style] : undefined;
    painted += codes === undefined ? shown : `\u001b[${codes[0]}m${shown}\u001b[${codes[1]}m`;
  }
  return painted.trimEnd();
}

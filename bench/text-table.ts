import type { Row, Table } from './table.ts';

function marked({ cells, met }: Row): string[] {
  if (met === undefined) return [...cells];
  return cells.map((cell, index) => (index === cells.length - 1 ? `${cell}${met ? '  met' : '  MISSED'}` : cell));
}

/** A table for a terminal, columns aligned. */
export function textTable({ title, columns, rows, notes }: Table): string {
  const lines = [[...columns], ...rows.map(marked)];
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const aligned = lines.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  const rule = '-'.repeat(Math.max(...aligned.map((line) => line.length)));
  return [title, rule, ...aligned, rule, ...notes].join('\n');
}

/** A table in Markdown. */
export function markdownTable({ title, columns, rows, notes }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = line(columns.map((_, column) => (column === 0 ? '---' : '---:')));
  const body = rows.map((row) => line(marked(row).map((cell) => cell.replace(/<=/g, '≤').replace(/>=/g, '≥'))));
  return [`## ${title}`, '', line(columns), rule, ...body, '', ...notes].join('\n');
}

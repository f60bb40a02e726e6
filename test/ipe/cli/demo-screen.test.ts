import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { SeenResource } from '../../../ipe/cli/demo/application.ts';
import { paint, plain } from '../../../ipe/cli/demo/line.ts';
import { Screen } from '../../../ipe/cli/demo/screen.ts';
import { changesBetween, shortTreeLines, treeLines } from '../../../ipe/cli/demo/tree-view.ts';

function screenOn(terminal: boolean, rows = 10) {
  const stream = Object.assign(new PassThrough(), { isTTY: terminal, columns: 20, rows });
  const written = () => (stream.read() as Buffer | null)?.toString() ?? '';
  return { screen: new Screen(stream, true), written };
}

const resource = (path: string, type: number, labels: string[] = []): SeenResource => ({
  path,
  type,
  labels,
  expires: '20260102T030405',
});

const DEVICE = [
  resource('cse-in/node-a', 14, ['LWM2MEP:a']),
  resource('cse-in/a/3303_10', 3, ['LWM2MURI:/3303/10', 'LWM2MEP:a']),
  resource('cse-in/a', 2, ['LWM2MVER:1.1', 'LWM2MEP:a']),
  resource('cse-in/a/3303_2', 3, ['LWM2MURI:/3303/2', 'LWM2MEP:a']),
];

const text = (lines: ReturnType<typeof treeLines>) => lines.map((line) => paint(line, 200, false));

describe('the tree of the demo', () => {
  it('is aligned, in numeric order, the node below its AE', () => {
    expect(text(treeLines('cse-in', DEVICE, new Set()))).toEqual([
      'cse-in',
      '├─ a           <AE>         LwM2M 1.1, expires 03:04:05 UTC',
      '│  ├─ 3303_2   <container>  /3303/2  Temperature',
      '│  └─ 3303_10  <container>  /3303/10 Temperature',
      '└─ node-a      <node>       nodeID of a',
    ]);
  });

  it('has a short form with one line a device', () => {
    expect(text(shortTreeLines('cse-in', DEVICE, new Set()))).toEqual([
      'cse-in',
      '├─ a       <AE>         LwM2M 1.1, expires 03:04:05 UTC: 3303_2 3303_10',
      '└─ node-a  <node>       nodeID of a',
    ]);
  });

  it('says so when there is nothing', () => {
    expect(text(treeLines('cse-in', [], new Set()))).toEqual(['cse-in', '└─ nothing from LwM2M yet']);
  });

  it('knows what came and what went', () => {
    expect(changesBetween(DEVICE, [DEVICE[2]!, resource('cse-in/b', 2)])).toEqual({
      came: ['cse-in/b'],
      went: ['cse-in/a/3303_2', 'cse-in/a/3303_10', 'cse-in/node-a'],
    });
  });
});

describe('the screen of the demo', () => {
  it('cuts lines to the window, but not those that are to be copied', () => {
    const { screen, written } = screenOn(true);
    screen.say([plain('x'.repeat(30))]);
    screen.say([plain('y'.repeat(30))], true);
    expect(written()).toBe(`${'x'.repeat(19)}…\n${'y'.repeat(30)}\n`);
  });

  it('draws the block anew only when it has changed, and below all that stays', () => {
    const { screen, written } = screenOn(true);
    screen.show([plain('one'), plain('two')]);
    expect(written()).toBe('one\ntwo\n');
    screen.show([plain('one'), plain('two')]);
    expect(written()).toBe('');
    screen.say([plain('news')]);
    expect(written()).toBe('\u001b[2A\r\u001b[Jnews\none\ntwo\n');
  });

  it('never draws a block higher than the window', () => {
    const { screen, written } = screenOn(true, 5);
    screen.show(Array.from({ length: 50 }, (_, index) => plain(String(index))));
    expect(written()).toBe('0\n1\n…\n');
  });

  it('draws no block without a terminal, and never cuts there', () => {
    const { screen, written } = screenOn(false);
    screen.show([plain('one')]);
    screen.say([plain('x'.repeat(30))]);
    expect(written()).toBe(`${'x'.repeat(30)}\n`);
  });

  it('lets no device move the cursor', () => {
    expect(paint([['a\u001b[2Jb\n', 'plain']], 80, true)).toBe('a?[2Jb?');
  });
});

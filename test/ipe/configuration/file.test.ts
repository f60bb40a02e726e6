import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IpeError } from '../../../common/index.ts';
import { loadConfiguration } from '../../../ipe/configuration/index.ts';

let folder: string;
let name: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lwm2m-ipe-file-'));
  name = join(folder, 'ipe.yaml');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function load(content: string | Uint8Array): unknown {
  writeFileSync(name, content);
  try {
    return loadConfiguration({ file: name, env: {} });
  } catch (error) {
    return error;
  }
}

const messageOf = (content: string | Uint8Array) => (load(content) as Error).message;

describe('a configuration file', () => {
  it.each(['', '\n', '# nothing\n', '---\n', 'cse:\nlwm2m:\n  coap:\n', '{}'])('may say nothing: %j', (text) => {
    expect(load(text)).toEqual(loadConfiguration({ env: {} }));
  });

  it('that does not exist is named', () => {
    expect(() => loadConfiguration({ file: join(folder, 'absent.yaml'), env: {} })).toThrow(
      `cannot read the configuration file ${join(folder, 'absent.yaml')}: there is no such file`,
    );
  });

  it('cannot be a directory', () => {
    expect(() => loadConfiguration({ file: folder, env: {} })).toThrow('it is a directory');
  });

  it('may not hold a key twice', () => {
    expect(messageOf('log:\n  level: warn\n  level: info\n')).toContain(
      `log.level (${name} line 3): stands twice; first on line 2`,
    );
  });

  it.each([
    ['log: {level: info', 'line 1'],
    ['log:\n\tlevel: info', 'line 2'],
    ['log:\n  level: "info', 'line 2'],
    ['log: !!js/function x', 'line 1'],
    ['a: 1\n---\nb: 2', 'line'],
    ['just words', 'keys such as cse:'],
    ['- a\n- b', 'keys such as cse:'],
  ])('with faulty YAML is refused with the line: %j', (text, place) => {
    const error = load(text) as IpeError;
    expect(error.code).toBe('config/invalid');
    expect(error.message).toContain(place);
  });

  it('may not hold aliases, however small they make it', () => {
    const levels = 'abcdefgh'.split('').map((letter, index, all) => {
      const inner = index === 0 ? 'x' : `*${all[index - 1]}`;
      return `${letter}: &${letter} [${Array(9).fill(inner).join(', ')}]`;
    });
    const bomb = levels.join('\n');
    expect(messageOf(bomb)).toContain('aliases are not supported');
  });

  it('is bounded in size and depth', () => {
    expect(messageOf(`# ${'x'.repeat(70_000)}`)).toContain('larger than 65536 bytes');
    expect(messageOf(`labels: {extra: ${'['.repeat(40)}${']'.repeat(40)}}`)).toContain('nested too deeply');
    for (const opening of ['[', '{a: ', '- ', '? ']) {
      expect(messageOf(opening.repeat(10_000))).toContain('nested too deeply');
    }
    const steps = Array.from({ length: 340 }, (_, level) => `${' '.repeat(level)}a:`);
    expect(messageOf(steps.join('\n'))).toContain('nested too deeply');
  });

  it('of any content gives a configuration or an IpeError', () => {
    const keys = fc.constantFrom(
      'cse',
      'log',
      'level',
      'url',
      'port',
      'coap',
      'lwm2m',
      ':',
      '\n  ',
      '[',
      '{',
      '&a',
      '*a',
      '"',
      '~',
    );
    const content = fc.oneof(
      fc.string(),
      fc.uint8Array({ maxLength: 200 }),
      fc.array(keys).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(content, (given) => {
        const result = load(given);
        if (result instanceof Error) {
          expect(result).toBeInstanceOf(IpeError);
          expect(result.message).not.toContain('    at ');
        }
      }),
      { numRuns: 300 },
    );
  });
});

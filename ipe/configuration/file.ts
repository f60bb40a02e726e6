import { closeSync, openSync, readSync } from 'node:fs';
import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { errorMessage, IpeError } from '../../common/index.ts';
import type { Mistake } from './mistake.ts';
import { isTooDeep } from './yaml-depth.ts';

/** What a configuration file says, and where it says it. */
export interface FileContent {
  readonly name: string;
  readonly tree: Record<string, unknown>;
  /** Line of each key, by its path. */
  readonly lines: ReadonlyMap<string, number>;
  readonly mistakes: readonly Mistake[];
}

const MAX_BYTES = 65_536;
const MAX_DEPTH = 8;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

/** The text of a configuration file; IpeError `config/file` when it cannot be read or is larger than 64 KiB. */
export function readText(name: string): string {
  const buffer = Buffer.alloc(MAX_BYTES + 1);
  let length = 0;
  try {
    const descriptor = openSync(name, 'r');
    try {
      for (let read = -1; read !== 0 && length < buffer.length; length += read) {
        read = readSync(descriptor, buffer, length, buffer.length - length, null);
      }
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const reason = REASONS[(error as NodeJS.ErrnoException).code ?? ''] ?? errorMessage(error);
    throw new IpeError('config/file', `cannot read the configuration file ${name}: ${reason}`, { cause: error });
  }
  if (length > MAX_BYTES) {
    throw new IpeError('config/file', `the configuration file ${name} is larger than ${MAX_BYTES} bytes`);
  }
  return buffer.toString('utf8', 0, length);
}

/** Walks the nodes of a YAML document into plain data; notes the line of every key and what a configuration may not hold. */
class Reader {
  readonly lines = new Map<string, number>();
  readonly mistakes: Mistake[] = [];
  readonly #name: string;
  readonly #counter: LineCounter;

  constructor(name: string, counter: LineCounter) {
    this.#name = name;
    this.#counter = counter;
  }

  refuse(key: string, offset: number | undefined, text: string): undefined {
    this.mistakes.push({ key, where: this.#where(offset), text });
    return undefined;
  }

  value(node: unknown, path: string, depth: number): unknown {
    const offset = (node as Node | null)?.range?.[0];
    if (depth > MAX_DEPTH) return this.refuse(path, offset, 'nested too deeply');
    if (isAlias(node)) return this.refuse(path, offset, 'aliases are not supported; write the value out');
    if (isMap(node)) return this.#map(node.items, path, depth);
    if (isSeq(node)) return node.items.map((item) => this.value(item, path, depth + 1));
    return isScalar(node) ? node.value : undefined;
  }

  #map(pairs: readonly unknown[], path: string, depth: number): Record<string, unknown> {
    const entries = new Map<string, unknown>();
    for (const pair of pairs) {
      if (!isPair(pair)) continue;
      const offset = (pair.key as Node | null)?.range?.[0];
      const name = isScalar(pair.key) ? String(pair.key.value) : '?';
      const inner = path === '' ? name : `${path}.${name}`;
      if (entries.has(name)) {
        this.refuse(inner, offset, `stands twice; first on line ${this.lines.get(inner)}`);
        continue;
      }
      this.lines.set(inner, this.#counter.linePos(offset ?? 0).line);
      entries.set(name, this.value(pair.value, inner, depth + 1));
    }
    // fromEntries defines own properties, so that a key called __proto__ is an unknown key like any other.
    return Object.fromEntries(entries);
  }

  #where(offset: number | undefined): string {
    return offset === undefined ? this.#name : `${this.#name} line ${this.#counter.linePos(offset).line}`;
  }
}

/** Reads YAML into plain data; never throws. An empty document is an empty configuration. */
export function parseFile(name: string, text: string): FileContent {
  const counter = new LineCounter();
  const reader = new Reader(name, counter);
  try {
    if (isTooDeep(text)) return unreadable(name, 'nested too deeply');
    const document = parseDocument(text, {
      lineCounter: counter,
      prettyErrors: false,
      uniqueKeys: false,
      merge: false,
    });
    for (const problem of [...document.errors, ...document.warnings]) {
      reader.refuse('YAML', problem.pos[0], errorMessage(problem));
    }
    const tree = reader.value(document.contents, '', 0) ?? {};
    if (reader.mistakes.length === 0 && !isRecord(tree))
      reader.refuse('YAML', 0, 'the file must consist of keys such as cse:');
    return { name, tree: isRecord(tree) ? tree : {}, lines: reader.lines, mistakes: reader.mistakes };
  } catch (error) {
    return unreadable(name, errorMessage(error));
  }
}

function unreadable(name: string, text: string): FileContent {
  return { name, tree: {}, lines: new Map(), mistakes: [{ key: 'YAML', where: name, text }] };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

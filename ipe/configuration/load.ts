import type * as z from 'zod';
import {
  type CommandLineOptions,
  type Environment,
  FILE_VARIABLE,
  type Override,
  readEnvironment,
  readOptions,
} from './environment.ts';
import { type FileContent, parseFile, readText } from './file.ts';
import { configurationKeys, configurationSections, findKey } from './keys.ts';
import { configurationError, type Mistake, shownValue } from './mistake.ts';
import { type Configuration, type ConfigurationInput, configurationSchema } from './schema.ts';
import { closestPath } from './suggestion.ts';

type Tree = Record<string, unknown>;

/** Where a configuration comes from; what stands later wins. */
export interface ConfigurationSources {
  /** A YAML file; else the one that `IPE_CONFIG` names, if any. */
  readonly file?: string | undefined;
  readonly env: Environment;
  readonly options?: CommandLineOptions;
}

/**
 * The configuration of file, environment and command line. IpeError `config/file` when the file cannot be read,
 * `config/invalid` with all mistakes at once otherwise.
 */
export function loadConfiguration({ file, env, options = {} }: ConfigurationSources): Configuration {
  const name = file ?? (env[FILE_VARIABLE]?.trim() || undefined);
  const content = name === undefined ? undefined : parseFile(name, readText(name));
  const environment = readEnvironment(env);
  const overrides = new Map([...environment.values, ...readOptions(options)]);
  const tree = overlay(content?.tree ?? {}, overrides);
  const result = configurationSchema.safeParse(tree);
  const origin = new Origin(content, overrides);
  const mistakes = [
    ...(content?.mistakes ?? []),
    ...environment.mistakes,
    ...(result.success ? [] : result.error.issues.flatMap((issue) => explain(issue, tree, origin))),
  ];
  if (mistakes.length > 0) throw configurationError(firstOfEachKey(mistakes));
  return deepFreeze(result.data as Configuration);
}

/** The configuration that an object describes, as it would stand in a file; errors as `loadConfiguration`. */
export function parseConfiguration(input: ConfigurationInput = {}): Configuration {
  const result = configurationSchema.safeParse(input);
  if (result.success) return deepFreeze(result.data as Configuration);
  const origin = new Origin(undefined, new Map());
  throw configurationError(
    firstOfEachKey(result.error.issues.flatMap((issue) => explain(issue, input as Tree, origin))),
  );
}

/** Says where a key was written. */
class Origin {
  readonly #file: FileContent | undefined;
  readonly #overrides: ReadonlyMap<string, Override>;

  constructor(file: FileContent | undefined, overrides: ReadonlyMap<string, Override>) {
    this.#file = file;
    this.#overrides = overrides;
  }

  of(path: string): Pick<Mistake, 'where'> {
    const override = this.#overrides.get(path);
    if (override !== undefined) return { where: override.where };
    const line = this.#file?.lines.get(path);
    return line === undefined ? {} : { where: `${this.#file?.name} line ${line}` };
  }
}

/** The file's tree without empty groups, under the values that win over it. */
function overlay(tree: Tree, values: ReadonlyMap<string, Override>): Tree {
  const merged = withoutEmptySections(tree, '');
  for (const [path, { value }] of values) set(merged, path.split('.'), value);
  return merged;
}

function withoutEmptySections(tree: Tree, prefix: string): Tree {
  const kept = Object.entries(tree).flatMap(([name, value]): [string, unknown][] => {
    const path = `${prefix}${name}`;
    if (!configurationSections.includes(path)) return [[name, value]];
    if (value === null || value === undefined) return [];
    return [[name, isTree(value) ? withoutEmptySections(value, `${path}.`) : value]];
  });
  return Object.fromEntries(kept);
}

/** Sets a value deep in a tree; leaves alone what is no group there, for the schema to refuse. */
function set(tree: Tree, [name, ...rest]: readonly string[], value: unknown): void {
  if (name === undefined) return;
  if (rest.length === 0) {
    tree[name] = value;
    return;
  }
  tree[name] ??= {};
  const inner = tree[name];
  if (isTree(inner)) set(inner, rest, value);
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function explain(issue: z.core.$ZodIssue, tree: Tree, origin: Origin): Mistake[] {
  // What is wrong inside a list is told of the list.
  const item = issue.path.findIndex((step) => typeof step === 'number');
  const names = issue.path.slice(0, item < 0 ? undefined : item).filter((step) => typeof step === 'string');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((name) => unknownKey([...names, name].join('.'), origin));
  }
  const path = names.join('.');
  const key = findKey(path);
  const given = issue.path.reduce<unknown>((value, step) => (value as Tree | undefined)?.[step as string], tree);
  if (key === undefined) {
    const text = `${shownValue(given, undefined)} is not allowed; allowed: a group of keys such as ${firstKeyOf(path)}`;
    return [{ key: path, ...origin.of(path), text }];
  }
  // A check across keys brings its own text; every other one is told by the notes of the key.
  const crossing = issue.code === 'custom' && issue.message !== 'Invalid input';
  const allowed = `allowed: ${crossing ? issue.message : key.allowed}`;
  const problem = given === undefined ? 'the default does not fit' : problemOf(given, shownValue(given, key));
  return [{ key: path, ...origin.of(path), text: `${problem}; ${allowed}` }];
}

function problemOf(given: unknown, shown: string): string {
  return given === null ? 'has no value' : `${shown} is not allowed`;
}

function firstKeyOf(section: string): string {
  return configurationKeys.find(({ path }) => path.startsWith(`${section}.`))?.path ?? 'cse.url';
}

function unknownKey(path: string, origin: Origin): Mistake {
  const meant = closestPath(path, [...configurationKeys.map((key) => key.path), ...configurationSections]);
  const advice = meant === undefined ? '`lwm2m-ipe config example` shows all keys' : `did you mean ${meant}?`;
  return { key: path, ...origin.of(path), text: `unknown key; ${advice}` };
}

/** A union or a list reports the same key several times; one line says it. */
function firstOfEachKey(mistakes: readonly Mistake[]): Mistake[] {
  const seen = new Set<string>();
  return mistakes.filter(({ key, text }) => {
    const identity = `${key} ${text}`;
    return !seen.has(identity) && seen.add(identity);
  });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}

import { type ConfigurationKey, configurationKeys, findKey } from './keys.ts';
import type { Mistake } from './mistake.ts';
import { closest } from './suggestion.ts';

/** The variables of a process, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the command line says of keys, by their paths. */
export type CommandLineOptions = Readonly<
  Record<string, { readonly option: string; readonly text: string | undefined }>
>;

/** A value that wins over the file, and where it was given. */
export interface Override {
  readonly value: unknown;
  /** An environment variable or a command line option. */
  readonly where: string;
}

/** The variable that names the configuration file where the command line does not. */
export const FILE_VARIABLE = 'IPE_CONFIG';

const NUMBER = /^[+-]?\d{1,15}(\.\d{1,15})?$/;
// Kubernetes describes services to every container: a service called `ipe` becomes IPE_SERVICE_HOST, IPE_PORT and so on.
const SERVICE_LINK = /_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;

function isServiceLink(name: string, value: string): boolean {
  return SERVICE_LINK.test(name) || (name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value));
}

/** The value of a variable in the form that a file would hold; what cannot be converted stays text, for the schema to refuse. */
function convert(text: string, { kind }: ConfigurationKey): unknown {
  if (kind === 'list')
    return text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  if (kind === 'boolean' && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  if ((kind === 'integer' || kind === 'number') && NUMBER.test(text)) return Number(text);
  return text;
}

/** What the environment says of the configuration. An empty variable counts as absent. */
export function readEnvironment(environment: Environment): { values: Map<string, Override>; mistakes: Mistake[] } {
  const keys = new Map(configurationKeys.map((key) => [key.environment, key]));
  const values = new Map<string, Override>();
  const mistakes: Mistake[] = [];
  for (const [name, given] of Object.entries(environment)) {
    const text = given?.trim() ?? '';
    if (!name.startsWith('IPE_') || name === FILE_VARIABLE || text === '' || isServiceLink(name, text)) continue;
    const key = keys.get(name);
    if (key === undefined) mistakes.push(unknownVariable(name, [...keys.keys(), FILE_VARIABLE]));
    else values.set(key.path, { value: convert(text, key), where: name });
  }
  return { values, mistakes };
}

/** The values of command line options, by the path of the key that each stands for. */
export function readOptions(options: CommandLineOptions): Map<string, Override> {
  const values = new Map<string, Override>();
  for (const [path, { option, text }] of Object.entries(options)) {
    const key = findKey(path);
    if (key !== undefined && text !== undefined) values.set(path, { value: convert(text, key), where: option });
  }
  return values;
}

function unknownVariable(name: string, known: readonly string[]): Mistake {
  const meant = closest(name, known);
  const advice = meant === undefined ? '`lwm2m-ipe config env` lists all of them' : `did you mean ${meant}?`;
  return { key: name, text: `unknown environment variable; ${advice}` };
}

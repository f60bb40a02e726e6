import { type ConfigurationKey, configurationKeys } from './keys.ts';
import type { Mistake } from './mistake.ts';
import { closest } from './suggestion.ts';

/** The variables of a process, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

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
export function readEnvironment(environment: Environment): { values: Map<string, unknown>; mistakes: Mistake[] } {
  const keys = new Map(configurationKeys.map((key) => [key.environment, key]));
  const values = new Map<string, unknown>();
  const mistakes: Mistake[] = [];
  for (const [name, given] of Object.entries(environment)) {
    const text = given?.trim() ?? '';
    if (!name.startsWith('IPE_') || name === FILE_VARIABLE || text === '' || isServiceLink(name, text)) continue;
    const key = keys.get(name);
    if (key === undefined) mistakes.push(unknownVariable(name, [...keys.keys(), FILE_VARIABLE]));
    else values.set(key.path, convert(text, key));
  }
  return { values, mistakes };
}

function unknownVariable(name: string, known: readonly string[]): Mistake {
  const meant = closest(name, known);
  const advice = meant === undefined ? '`lwm2m-ipe config env` lists all of them' : `did you mean ${meant}?`;
  return { key: name, text: `unknown environment variable; ${advice}` };
}

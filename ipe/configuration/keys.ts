import * as z from 'zod';
import { type KeyNotes, keyNotes } from './notes.ts';
import { configurationSchema } from './schema.ts';

/** One key of the configuration, with everything that its documentation, messages and conversions need. */
export interface ConfigurationKey extends KeyNotes {
  /** For instance `lwm2m.coap.port`. */
  readonly path: string;
  /** For instance `IPE_LWM2M_COAP_PORT`. */
  readonly environment: string;
  /** As it would stand in a file; absent where the key has no default. */
  readonly defaultValue?: unknown;
}

/** The environment name of a key: `a.bC` gives `IPE_A_B_C`. */
function environmentName(path: string): string {
  const words = path.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replaceAll('.', '_');
  return `IPE_${words.toUpperCase()}`;
}

function withoutDefault(schema: unknown): unknown {
  return schema instanceof z.ZodPrefault ? schema.unwrap() : schema;
}

function listKeys(section: z.ZodObject, prefix: string): ConfigurationKey[] {
  return Object.entries(section.shape).flatMap(([name, schema]) => {
    const path = `${prefix}${name}`;
    const notes = keyNotes.get(schema as z.ZodType);
    if (notes === undefined) return listKeys(withoutDefault(schema) as z.ZodObject, `${path}.`);
    const defaultValue = schema instanceof z.ZodPrefault ? { defaultValue: schema.def.defaultValue as unknown } : {};
    return [{ ...notes, path, environment: environmentName(path), ...defaultValue }];
  });
}

/** Every key in the order of the schema. */
export const configurationKeys: readonly ConfigurationKey[] = listKeys(configurationSchema, '');

/** Every group of keys: `cse`, `lwm2m`, `lwm2m.coap` … */
export const configurationSections: readonly string[] = [
  ...new Set(configurationKeys.flatMap(({ path }) => ancestors(path))),
];

function ancestors(path: string): string[] {
  const names = path.split('.').slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join('.'));
}

const keysByPath = new Map(configurationKeys.map((key) => [key.path, key]));

/** The key of that path. */
export function findKey(path: string): ConfigurationKey | undefined {
  return keysByPath.get(path);
}

import * as z from 'zod';
import { configurationSchema } from './schema.ts';

interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
}

/** The JSON Schema (draft 2020-12) of a configuration file, for editors and pipelines; cross-checks between keys are not in it. */
export function configurationJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(configurationSchema, { io: 'input', target: 'draft-2020-12' });
  for (const section of Object.values((schema as Schema).properties ?? {})) allowEmpty(section);
  return { $schema, title: 'Configuration of lwm2m-ipe', ...schema };
}

/** A group whose keys all are comments has no value in YAML; it is read as one without keys. */
function allowEmpty(section: Schema): void {
  if (section.type !== 'object') return;
  section.type = ['object', 'null'];
  for (const inner of Object.values(section.properties ?? {})) allowEmpty(inner);
}

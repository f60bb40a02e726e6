import * as z from 'zod';
import { configurationSchema } from './schema.ts';

/** The JSON Schema (draft 2020-12) of a configuration file, for editors and pipelines; cross-checks between keys are not in it. */
export function configurationJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(configurationSchema, { io: 'input', target: 'draft-2020-12' });
  return { $schema, title: 'Configuration of lwm2m-ipe', ...schema };
}

export { type Configuration, type ConfigurationInput, configurationSchema } from './schema.ts';
export type { Milliseconds, Seconds } from './values.ts';

import { matchesPattern } from '../../mappings/index.ts';
import type { Configuration } from '../configuration/index.ts';

/** What devices of a pattern are given. */
export type BootstrapTemplate = Configuration['bootstrap']['templates'][number];
/** One server account of a template. */
export type TemplateServer = BootstrapTemplate['servers'][number];

/** How a server account is protected (LwM2M 1.1 E.1, resource 2). */
export type TemplateSecurity = 'none' | 'psk' | 'certificate';

/** The first template whose pattern matches the endpoint name. */
export function templateOf(templates: readonly BootstrapTemplate[], endpoint: string): BootstrapTemplate | undefined {
  return templates.find((template) => matchesPattern(template.endpoint, endpoint));
}

/** As the template says, else as the scheme of the server's URI has it. */
export function securityOf({ uri, security }: TemplateServer): TemplateSecurity {
  return security ?? (uri.startsWith('coaps:') ? 'psk' : 'none');
}

/** True when a device of the template gets a secret. */
export function givesSecrets({ servers }: BootstrapTemplate): boolean {
  return servers.some((server) => securityOf(server) !== 'none');
}

/** True when a key is to be made for each device of the template. */
export function givesKeys({ servers }: BootstrapTemplate): boolean {
  return servers.some((server) => securityOf(server) === 'psk');
}

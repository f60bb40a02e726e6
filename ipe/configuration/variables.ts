import { FILE_VARIABLE } from './environment.ts';
import { type ConfigurationKey, configurationKeys } from './keys.ts';
import { wrap } from './text-block.ts';

/** A value as an environment variable holds it. */
function environmentText(value: unknown): string {
  return Array.isArray(value) ? value.join(',') : String(value ?? '');
}

function block(key: ConfigurationKey): string {
  const text = `${key.path}: ${key.description} Allowed: ${key.allowed}${key.kind === 'list' ? ', separated by commas' : ''}.`;
  const lines = wrap(text, 110).map((line) => `# ${line}`);
  return [...lines, `#${key.environment}=${environmentText(key.defaultValue ?? key.example)}`].join('\n');
}

/** Every environment variable with its meaning and default, in the form of an env file. */
export function environmentFile(): string {
  const file = `# The configuration file, where the command line names none.\n#${FILE_VARIABLE}=/etc/lwm2m-ipe.yaml`;
  return `${[file, ...configurationKeys.map(block)].join('\n\n')}\n`;
}

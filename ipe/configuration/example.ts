import { stringify } from 'yaml';
import { type ConfigurationKey, configurationKeys } from './keys.ts';
import { wrap } from './text-block.ts';

const WIDTH = 110;

const HEAD = `# Configuration of lwm2m-ipe. Every key is optional; the values here are the defaults, a key in a comment has none.
# The environment wins over this file: each key names its variable.`;

/** A value as it stands in a file, on one line. */
export function inlineYaml(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', defaultStringType: 'PLAIN', lineWidth: 0 }).trim();
}

function comment(key: ConfigurationKey, indent: string): string[] {
  const absent = key.whenAbsent === undefined ? '' : ` Absent: ${key.whenAbsent}.`;
  const text = `${key.description} Allowed: ${key.allowed}.${absent}`;
  const lines = [...wrap(text, WIDTH - indent.length), `Environment: ${key.environment}`];
  return lines.map((line) => `${indent}# ${line}`);
}

function entry(key: ConfigurationKey, name: string, indent: string): string {
  if (key.defaultValue !== undefined) return `${indent}${name}: ${inlineYaml(key.defaultValue)}`;
  return `${indent}# ${name}: ${key.example ?? ''}`.trimEnd();
}

/** A complete configuration file: every key with its meaning, its limits and its default. */
export function exampleFile(): string {
  const lines = [HEAD];
  let open: readonly string[] = [];
  for (const key of configurationKeys) {
    const names = key.path.split('.');
    const sections = names.slice(0, -1);
    const common = sections.findIndex((name, index) => name !== open[index]);
    const kept = common === -1 ? sections.length : common;
    lines.push('');
    for (let depth = kept; depth < sections.length; depth++) lines.push(`${'  '.repeat(depth)}${sections[depth]}:`);
    open = sections;
    const indent = '  '.repeat(sections.length);
    lines.push(...comment(key, indent), entry(key, names.at(-1) ?? '', indent));
  }
  return `${lines.join('\n')}\n`;
}

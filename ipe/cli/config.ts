import type { Command } from 'commander';
import {
  configurationDocument,
  configurationJsonSchema,
  environmentFile,
  exampleFile,
} from '../configuration/index.ts';
import type { Surroundings } from './surroundings.ts';

const FORMS: readonly (readonly [name: string, description: string, text: () => string])[] = [
  ['example', 'a complete configuration file with the defaults, in YAML', exampleFile],
  ['schema', 'the JSON Schema of a configuration file (draft 2020-12)', schemaText],
  ['env', 'every environment variable, as an env file', environmentFile],
  ['docs', 'the page docs/configuration.md', configurationDocument],
];

const EXAMPLES = `
Examples:
  $ lwm2m-ipe config example > lwm2m-ipe.yaml
  $ lwm2m-ipe config env | grep COAP`;

function schemaText(): string {
  return `${JSON.stringify(configurationJsonSchema(), null, 2)}\n`;
}

/** `lwm2m-ipe config example|schema|env|docs`: the configuration described in four forms. */
export function addConfigCommand(program: Command, { stdout }: Surroundings): void {
  const config = program
    .command('config')
    .description('print everything that can be configured')
    .addHelpText('after', EXAMPLES);
  for (const [name, description, text] of FORMS) {
    config
      .command(name)
      .description(`print ${description}`)
      .action(() => void stdout.write(text()));
  }
}

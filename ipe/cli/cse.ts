import type { Command } from 'commander';
import { loadConfiguration } from '../configuration/index.ts';
import { createLogger } from '../log.ts';
import { embeddedCseOptions } from '../settings.ts';
import { runService } from './service.ts';
import type { Surroundings } from './surroundings.ts';

const EXAMPLES = `
The embedded CSE holds everything in memory and forgets it at the end. What the options leave open comes from the
configuration (embeddedCse.*, cse.base, cse.cseId, cse.adminOriginator).

Examples:
  $ lwm2m-ipe cse --port 0                       any free port; the log line \`ready\` names it
  $ lwm2m-ipe cse --dialect mobius4              with the limits and refusals of Mobius4`;

interface CseOptions {
  readonly config?: string;
  readonly host?: string;
  readonly port?: string;
  readonly dialect?: string;
  readonly base?: string;
  readonly cseId?: string;
}

async function serveCse(options: CseOptions, { env, stdout }: Surroundings): Promise<void> {
  const configuration = loadConfiguration({
    file: options.config,
    env,
    options: {
      'embeddedCse.host': { option: '--host', text: options.host },
      'embeddedCse.port': { option: '--port', text: options.port },
      'embeddedCse.dialect': { option: '--dialect', text: options.dialect },
      'cse.base': { option: '--base', text: options.base },
      'cse.cseId': { option: '--cse-id', text: options.cseId },
    },
  });
  const logger = createLogger({ ...configuration.log, stream: stdout });
  const { EmbeddedCse } = await import('../../embedded-cse/index.ts');
  const cse = new EmbeddedCse(embeddedCseOptions(configuration, logger));
  const start = async () => {
    const { address, port, url } = await cse.start();
    return { cseUrl: url, base: configuration.cse.base, cseAddress: address, csePort: port };
  };
  await runService({ start, stop: () => cse.stop() }, logger, configuration.shutdownTimeout);
}

/** `lwm2m-ipe cse`: the embedded CSE alone. */
export function addCseCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('cse')
    .description('run the embedded CSE alone')
    .option('-c, --config <file>', 'configuration file (YAML); else the one that IPE_CONFIG names, if any')
    .option('--host <host>', 'address to listen on')
    .option('--port <port>', 'port to listen on; 0 takes any free one')
    .option('--dialect <name>', 'CSE to play: standard, acme, mobius4 or tinyiot')
    .option('--base <name>', 'resourceName of the CSEBase')
    .option('--cse-id <id>', 'CSE-ID')
    .addHelpText('after', EXAMPLES)
    .action((options: CseOptions) => serveCse(options, surroundings));
}

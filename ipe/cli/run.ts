import type { Command } from 'commander';
import { loadConfiguration } from '../configuration/index.ts';
import { createLogger } from '../log.ts';
import { runService } from './service.ts';
import type { Surroundings } from './surroundings.ts';

const EXAMPLES = `
Examples:
  $ lwm2m-ipe run                                       with an embedded CSE, everything at its default
  $ IPE_CSE_URL=http://127.0.0.1:8080 lwm2m-ipe run     with a CSE of your own
  $ lwm2m-ipe run --config /etc/lwm2m-ipe.yaml          with a file; \`lwm2m-ipe config example\` prints one

One log line \`ready\` names the ports in use. SIGTERM and SIGINT stop in an orderly way; a second one stops at once.
SIGHUP reads object definitions (lwm2m.modelsFolder) anew; registrations and all else stay.`;

async function run(file: string | undefined, surroundings: Surroundings): Promise<void> {
  const configuration = loadConfiguration({ file, env: surroundings.env });
  surroundings.showStacks = configuration.log.level === 'debug';
  const logger = createLogger({ ...configuration.log, stream: surroundings.stdout });
  const { Daemon } = await import('../daemon.ts');
  const daemon = new Daemon(configuration, logger);
  const start = async () => {
    const { coap, coaps, bootstrap, http, cse, commandsFrom, store } = await daemon.start();
    return {
      ...(coap && { coapAddress: coap.address, coapPort: coap.port }),
      ...(coaps && {
        coapsAddress: coaps.address,
        coapsPort: coaps.port,
        dtls: coaps.version,
        securityModes: coaps.securityModes,
        rpk: coaps.rpk,
        identities: coaps.identities,
      }),
      ...(bootstrap?.coap && { bootstrapCoapPort: bootstrap.coap.port }),
      ...(bootstrap?.coaps && { bootstrapCoapsPort: bootstrap.coaps.port }),
      httpAddress: http.address,
      httpPort: http.port,
      cseUrl: cse.url,
      embedded: cse.embedded,
      cse: cse.title,
      ...(cse.away !== undefined && { cseAway: cse.away }),
      degraded: cse.degraded,
      commandsFrom,
      store: store.path ?? store.kind,
      restored: store.restored,
    };
  };
  await runService(
    { start, stop: () => daemon.stop(), reload: () => daemon.reload() },
    logger,
    configuration.shutdownTimeout,
  );
}

/** `lwm2m-ipe run`: the daemon. */
export function addRunCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('run')
    .description('run the bridge between LwM2M devices and a oneM2M CSE')
    .option('-c, --config <file>', 'configuration file (YAML); else the one that IPE_CONFIG names, if any')
    .addHelpText('after', EXAMPLES)
    .action((options: { config?: string }) => run(options.config, surroundings));
}

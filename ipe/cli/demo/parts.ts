import type { Logger } from '../../../common/index.ts';
import { type Configuration, parseConfiguration } from '../../configuration/index.ts';
import type { Ready } from '../../daemon.ts';
import { type ListenFailure, listenFailure } from '../listen-failure.ts';
import { APPLICATION } from './application.ts';

/** A part whose usual port was taken, by the section of its keys. */
export type MovedPort = ListenFailure['section'];

/** The bridge with its embedded CSE, running. */
export interface DemoBridge {
  readonly configuration: Configuration;
  readonly ready: Ready;
  /** Parts that listen on another port than usual. */
  readonly moved: ReadonlySet<MovedPort>;
  stop(): Promise<void>;
}

function configurationFor(moved: ReadonlySet<MovedPort>): Configuration {
  const anyFree = (part: MovedPort) => (moved.has(part) ? { port: 0 } : {});
  return parseConfiguration({
    embeddedCse: anyFree('embeddedCse'),
    http: anyFree('http'),
    lwm2m: { coap: anyFree('lwm2m.coap') },
    access: { command: [APPLICATION] },
    shutdownTimeout: '2s',
  });
}

/** Starts the bridge on its usual ports, or on free ones where those are taken. */
export async function startBridge(logger: Logger): Promise<DemoBridge> {
  const { Daemon } = await import('../../daemon.ts');
  const moved = new Set<MovedPort>();
  for (;;) {
    const configuration = configurationFor(moved);
    const daemon = new Daemon(configuration, logger);
    try {
      const ready = await daemon.start();
      return { configuration, ready, moved, stop: () => daemon.stop() };
    } catch (error) {
      const failure = listenFailure(error);
      if (!failure?.inUse || moved.has(failure.section)) throw error;
      moved.add(failure.section);
    }
  }
}

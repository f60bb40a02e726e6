import type { LogFields, Logger } from '../../common/index.ts';
import { onReloadSignal } from './reload-signal.ts';
import { listenForStop } from './stop-signal.ts';

/** Something that runs until it is asked to stop. */
export interface Service {
  /** Resolves with the fields of the `ready` line. */
  start(): Promise<LogFields>;
  stop(): Promise<void>;
  /** Reads its files anew, on SIGHUP after the start; absent: SIGHUP ends the process. */
  reload?(): Promise<void>;
}

// What a service may take beyond the time it was given, for closing sockets and the like.
const SLACK_MS = 2_000;

/**
 * Runs a service from start to the first SIGINT or SIGTERM: one `ready` line, then an orderly stop that takes `grace`
 * milliseconds at most. A signal during the start stops it too; SIGHUP reloads what can be. Rejects with what the start rejects with.
 */
export async function runService(service: Service, logger: Logger, grace: number): Promise<void> {
  const stop = listenForStop();
  const reloads = service.reload === undefined ? undefined : onReloadSignal(service.reload, logger);
  try {
    const started = await Promise.race([service.start(), stop.received]);
    if (typeof started !== 'string') {
      logger.info('ready', started);
      reloads?.begin();
    }
    const signal = await stop.received;
    logger.info('stopping', { signal });
    const complete = await within(service.stop(), grace + SLACK_MS);
    if (complete) logger.info('stopped');
    else logger.warn('stopped before everything was finished', { grace });
  } catch (error) {
    await within(service.stop(), SLACK_MS).catch(() => false);
    throw error;
  } finally {
    stop.dispose();
    reloads?.dispose();
  }
}

/** True when the work ended within the limit. */
async function within(work: Promise<void>, limit: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), limit);
  });
  return Promise.race([work.then(() => true), late]).finally(() => clearTimeout(timer));
}

import type { Logger } from '../common/index.ts';
import type { SimulationOptions } from './cli-options.ts';
import { Fleet } from './fleet.ts';
import type { FleetSummary } from './fleet-summary.ts';
import { parseServerUri } from './server-uri.ts';

/**
 * Runs devices until the duration is over or the signal comes, whichever is first, then de-registers them (10 s at
 * most). `log` gets the story in lines of text. Rejects as `Fleet.start`.
 */
export async function runSimulation(
  options: SimulationOptions,
  { log, signal, logger }: { log: (line: string) => void; signal: AbortSignal; logger?: Logger },
): Promise<FleetSummary> {
  let shown = '';
  const fleet = new Fleet({
    server: parseServerUri(options.server),
    endpoints: options.endpoints,
    prefix: options.prefix,
    rate: options.rate,
    maxSockets: options.maxSockets,
    ...(logger ? { logger } : {}),
    device: {
      version: options.version,
      lifetime: options.lifetime,
      binding: options.binding.replace('Q', ''),
      queueMode: options.binding.includes('Q'),
      objects: options.objects,
      rootPath: options.rootPath,
      extraObjects: options.extraObjects,
      misbehaviour: {
        neverUpdate: !options.update,
        duplicate: options.duplicate,
        reorder: options.reorder,
        badPayload: options.badPayload,
      },
    },
    onProgress: (summary) => {
      const line = progressLine(summary);
      if (line !== shown) log(line);
      shown = line;
    },
  });
  const over = ended(options.duration, signal);
  try {
    await Promise.race([fleet.start(), over.promise]);
    await over.promise;
  } catch (error) {
    await fleet.stop({ deregister: options.deregister });
    throw error;
  } finally {
    over.cancel();
  }
  const summary = await fleet.stop({ deregister: options.deregister });
  log(finalLine(summary));
  return summary;
}

function ended(duration: number, signal: AbortSignal): { promise: Promise<void>; cancel: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (duration > 0) timer = setTimeout(resolve, duration * 1000);
  });
  return { promise, cancel: () => clearTimeout(timer) };
}

function progressLine(summary: FleetSummary): string {
  const failures = Object.entries(summary.failed).map(([what, count]) => `, ${what}: ${count}`);
  return `${summary.registered} of ${summary.endpoints} registered, ${summary.updates} updates${failures.join('')}`;
}

function finalLine(summary: FleetSummary): string {
  const time = summary.registerTime;
  const took = time ? `, Register took ${time.p50.toFixed(1)} ms (p50), ${time.p99.toFixed(1)} ms (p99)` : '';
  const failures = Object.entries(summary.failed).map(([what, count]) => `, ${what}: ${count}`);
  const counts = `${summary.registers} registered, ${summary.updates} updated, ${summary.deregisters} de-registered`;
  return `${summary.started} devices on ${summary.sockets} sockets: ${counts}${failures.join('')}${took}`;
}

import { IpeError, type Logger } from '../common/index.ts';
import { Fleet, type FleetSettings } from './fleet.ts';
import type { FleetSummary } from './fleet-summary.ts';
import { UNREGISTERED } from './objects/unregistered.ts';
import { parseServerUri } from './server-uri.ts';
import type { SimulationOptions } from './simulation-options.ts';

/**
 * Runs devices until the duration is over or the signal comes, whichever is first, then de-registers them (10 s at
 * most). `log` gets the story in lines of text. Rejects as `Fleet.start`.
 */
export async function runSimulation(
  options: SimulationOptions,
  { log, signal, logger }: { log: (line: string) => void; signal: AbortSignal; logger?: Logger },
): Promise<FleetSummary> {
  let shown = '';
  const server = parseServerUri(options.server);
  const { psk, identity } = options;
  const bootstrap = options.bootstrap === undefined ? undefined : parseServerUri(options.bootstrap);
  const secure = bootstrap === undefined ? server.secure : bootstrap.secure;
  if (secure && psk === undefined) throw new IpeError('simulator/option', 'a coaps server needs --psk');
  const fleet = new Fleet({
    server,
    keyOf: psk && ((endpoint) => ({ identity: identity.replaceAll('{endpoint}', () => endpoint), key: psk })),
    endpoints: options.endpoints,
    prefix: options.prefix,
    rate: options.rate,
    maxSockets: options.maxSockets,
    ...(logger ? { logger } : {}),
    device: { ...deviceSettings(options), bootstrap: bootstrap && { server: bootstrap } },
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

/** What the options of the command line say of each device. */
function deviceSettings(options: SimulationOptions): NonNullable<FleetSettings['device']> {
  const { objects, unknownObject, answer, acknowledgeOnly, updateInterval } = options;
  return {
    version: options.version,
    lifetime: options.lifetime,
    binding: options.binding.replace('Q', ''),
    queueMode: options.queueMode || options.binding.includes('Q'),
    awakeWindow: options.awake * 1000,
    updateInterval: updateInterval === 0 ? undefined : updateInterval * 1000,
    sampleInterval: options.valueInterval * 1000,
    confirmEvery: options.confirmEvery,
    sendInterval: options.sendInterval * 1000,
    objects: unknownObject ? { ...objects, [UNREGISTERED.id]: [0] } : objects,
    rootPath: options.rootPath,
    format: options.format,
    blockSize: options.blockSize,
    extraObjects: options.extraObjects,
    rebootTime: options.rebootTime * 1000,
    misbehaviour: {
      neverUpdate: !options.update,
      duplicate: options.duplicate,
      reorder: options.reorder,
      badPayload: options.badPayload,
      refuseWrites: options.refuseWrites,
      answerDelay: options.answerDelay,
      neverAnswer: acknowledgeOnly ? 'acknowledge' : !answer && 'silent',
      loseNotifications: options.loseNotifications / 100,
      retransmit: options.retransmit,
      partialNotifications: options.partialNotifications,
      ignoreAccept: options.ignoreAccept,
    },
  };
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
  const counts = `${summary.registered} of ${summary.endpoints} registered, ${summary.updates} updates`;
  return `${counts}${traffic(summary)}${failures.join('')}`;
}

function finalLine(summary: FleetSummary): string {
  const time = summary.registerTime;
  const took = time ? `, Register took ${time.p50.toFixed(1)} ms (p50), ${time.p99.toFixed(1)} ms (p99)` : '';
  const failures = Object.entries(summary.failed).map(([what, count]) => `, ${what}: ${count}`);
  const counts = `${summary.registers} registered, ${summary.updates} updated, ${summary.deregisters} de-registered`;
  const devices = `${summary.started} devices on ${summary.sockets} sockets`;
  return `${devices}: ${counts}${traffic(summary)}${failures.join('')}${took}`;
}

/** What went on beside the registrations, as far as anything did. */
function traffic({ asked, notifications, sends }: FleetSummary): string {
  const counts: [number, string][] = [
    [asked, 'requests of the server'],
    [notifications, 'notifications'],
    [sends, 'sends'],
  ];
  return counts.flatMap(([count, what]) => (count > 0 ? [`, ${count} ${what}`] : [])).join('');
}

import { type Command, InvalidArgumentError } from 'commander';
import { createLogger } from '../log.ts';
import { listenForStop } from './stop-signal.ts';
import type { Surroundings } from './surroundings.ts';

const EXAMPLES = `
Runs everything in this process and on this machine: an embedded CSE, the bridge, simulated devices and an application.
Uses the ports 8080 (CSE), 5683 (CoAP) and 8090 (health) where they are free, others where not.

Examples:
  $ lwm2m-ipe demo                   the tour, then live until Ctrl-C
  $ lwm2m-ipe demo --once            the tour alone
  $ lwm2m-ipe demo --devices 12      a fuller tree`;

const MAX_DEVICES = 100;
const MAX_DURATION_S = 86_400;

interface DemoOptions {
  readonly duration?: number;
  readonly devices: number;
  readonly once?: boolean;
}

function count(maximum: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d{1,6}$/.test(text) && value >= 1 && value <= maximum) return value;
    throw new InvalidArgumentError(`Allowed: a whole number from 1 to ${maximum}.`);
  };
}

async function demo({ duration, devices: howMany, once }: DemoOptions, { env, stdout, stderr, program }: Surroundings) {
  const [{ startBridge }, { DemoApplication }, { createDevices }, { Screen }, { Tour }] = await Promise.all([
    import('./demo/parts.ts'),
    import('./demo/application.ts'),
    import('./demo/devices.ts'),
    import('./demo/screen.ts'),
    import('./demo/tour.ts'),
  ]);
  const stop = listenForStop();
  const screen = new Screen(stdout, Boolean(env.NO_COLOR));
  const ends: (() => Promise<unknown>)[] = [];
  try {
    const bridge = await startBridge(createLogger({ level: 'error', format: 'text', stream: stderr }));
    ends.push(() => bridge.stop());
    const application = await DemoApplication.register(bridge.ready.cse.url, bridge.configuration.cse.base);
    ends.push(() => application.close());
    const devices = createDevices(howMany, { host: '127.0.0.1', port: bridge.ready.coap?.port ?? 0 });
    ends.push(() => Promise.all(devices.map((device) => device.leave())));
    const limit = duration === undefined ? [] : [AbortSignal.timeout(duration * 1_000)];
    const signal = AbortSignal.any([stop.signal, ...limit]);
    const tour = new Tour({ screen, bridge, application, devices, program, signal });
    await tour.steps();
    if (!once && !signal.aborted) await tour.live();
    tour.farewell();
  } finally {
    for (const end of ends.reverse()) await end();
    stop.dispose();
  }
}

/** `lwm2m-ipe demo`: an embedded CSE, the bridge and a few devices, explained as they work. */
export function addDemoCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('demo')
    .description('see it work: a CSE, the bridge and a few devices, explained')
    .option('--devices <n>', 'devices that register', count(MAX_DEVICES), 4)
    .option('--duration <seconds>', 'end when the tour and what follows have taken so long', count(MAX_DURATION_S))
    .option('--once', 'end after the tour')
    .addHelpText('after', EXAMPLES)
    .action((options: DemoOptions) => demo(options, surroundings));
}

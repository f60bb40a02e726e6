import { expect } from 'vitest';
import {
  type Lwm2mServer,
  type Lwm2mServerOptions,
  type Operation,
  type OperationState,
  type Outcome,
  type PerformOptions,
  parsePath,
  type RegistrationHandler,
} from '../../../lwm2m/index.ts';
import { HeldClock } from '../../support/held-clock.ts';
import { connect, serve } from '../operation/bench-of-devices.ts';
import type { Script, ScriptedDevice } from '../operation/scripted-device.ts';

export const AWAKE_WINDOW = 93_000;
/** By how much the end of a window or of a deadline may be late. */
export const GRAIN = 250;

export const execute = (text: string): Operation => ({
  type: 'execute',
  path: parsePath('/3/0/4'),
  arguments: text,
});

export const write = (path: string, value: string | number): Operation => ({
  type: 'write',
  path: parsePath(path),
  mode: 'replace',
  nodes: [{ path: parsePath(path), value }],
});

export interface QueueModeRegister {
  readonly endpoint?: string;
  readonly query?: readonly string[];
  readonly links?: string;
}

/** Registers in queue mode, as a device of LwM2M 1.1 does where the query says nothing else. */
export async function registerSleepy(
  device: ScriptedDevice,
  { endpoint = 'sleepy', query = ['lwm2m=1.1', 'b=U', 'Q'], links = '</3/0>,</3303/0>' }: QueueModeRegister = {},
): Promise<void> {
  const parts = { query: [`ep=${endpoint}`, 'lt=86400', ...query], format: 40, payload: links };
  const { code, location } = await device.ask('POST', 'rd', parts);
  expect(code).toBe('2.01');
  device.location = location;
}

/** One operation and what its caller saw. */
export interface Asked {
  readonly states: OperationState[];
  readonly outcome: Promise<Outcome>;
  settled: Outcome | undefined;
}

/** A server on a clock that the test holds, and a device in queue mode that has just registered. */
export async function sleepy(
  script: Script = () => ({ code: '2.04' }),
  options: Partial<Lwm2mServerOptions> = {},
  register: QueueModeRegister = {},
  handler: Partial<RegistrationHandler> = {},
) {
  const clock = new HeldClock();
  const { server, port } = await serve({ clock, ...options }, handler);
  const device = await connect(port, script);
  const bystander = await connect(port);
  await bystander.register({ endpoint: 'bystander', lifetime: 100_000 });
  await registerSleepy(device, register);
  const endpoint = register.endpoint ?? 'sleepy';
  await until(() => server.presence(endpoint) === 'awake');
  const ask = (operation: Operation, how: PerformOptions = {}): Asked => {
    const states: OperationState[] = [];
    const outcome = server.perform(endpoint, operation, { onState: (state) => states.push(state), ...how });
    const asked: Asked = { states, outcome, settled: undefined };
    void outcome.then((settled) => {
      asked.settled = settled;
    });
    return asked;
  };
  const fallAsleep = (): void => {
    clock.pass(AWAKE_WINDOW + GRAIN);
    expect(server.presence(endpoint)).toBe('asleep');
  };
  /** Whatever the server had to send has arrived by then. */
  const quiet = async (): Promise<void> => {
    for (let round = 0; round < 3; round += 1) {
      await bystander.update();
      await turn();
    }
  };
  return { clock, server, port, device, ask, fallAsleep, quiet };
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Resolves when it has come true; the test's own time limit is the end of the wait. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** The arguments of the Executes that came, in order. */
export function texts({ requests }: ScriptedDevice): string[] {
  return requests.map(({ payload }) => payload.toString());
}

/** Lets a request that got no answer time out, retransmission by retransmission. */
export async function giveUp(clock: HeldClock, server: Lwm2mServer, endpoint = 'sleepy'): Promise<void> {
  clock.pass(AWAKE_WINDOW + GRAIN);
  await until(() => server.presence(endpoint) === 'asleep');
}

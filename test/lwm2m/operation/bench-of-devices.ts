import { afterEach } from 'vitest';
import {
  Lwm2mServer,
  type Lwm2mServerOptions,
  type Operation,
  type RegistrationHandler,
} from '../../../lwm2m/index.ts';
import { ACCEPT } from '../../support/registration.ts';
import { type RegisterParts, type Script, ScriptedDevice } from './scripted-device.ts';

const open: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** A server on a free port; short waits for what devices may not know. */
export async function serve(options: Partial<Lwm2mServerOptions> = {}, handler: Partial<RegistrationHandler> = {}) {
  const server = new Lwm2mServer(
    {
      coap: { host: '127.0.0.1', port: 0 },
      lifetime: { min: 1, max: 100_000, default: 86_400 },
      ...options,
      limits: { ...options.limits, operation: { trialTimeout: 60, settleTime: 5, ...options.limits?.operation } },
    },
    { ...ACCEPT, ...handler },
  );
  const { port } = await server.start();
  open.push(() => server.stop(0));
  return { server, port };
}

/** A device that answers as its script says. */
export async function connect(port: number, script: Script = () => undefined): Promise<ScriptedDevice> {
  const device = await ScriptedDevice.open(port, script);
  open.push(() => device.close());
  return device;
}

/** A server and a registered device. */
export async function pair(script: Script, parts: RegisterParts = {}, options: Partial<Lwm2mServerOptions> = {}) {
  const { server, port } = await serve(options);
  const device = await connect(port, script);
  await device.register(parts);
  const perform = (operation: Operation, how?: Parameters<Lwm2mServer['perform']>[2]) =>
    server.perform(parts.endpoint ?? 'device', operation, how);
  return { server, port, device, perform };
}

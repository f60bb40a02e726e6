import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { Cse, Refusal } from './cse.ts';

// Switches lights on when it gets dark and off when it gets bright. It knows oneM2M alone: sensors and lights are found by
// their labels, values come by <subscription>, lights are switched by a contentInstance in `requests` of their AE.
//
//   node dist/examples/light-when-dark/main.js --cse http://127.0.0.1:8080
//
// The operator of lwm2m-ipe has to allow it: access.command: [Clight-when-dark].

const ILLUMINANCE = 'LWM2MRT:urn:oma:lwm2m:ext:3301';
const LIGHT_CONTROL = 'LWM2MRT:urn:oma:lwm2m:ext:3311';
const SENSOR_VALUE = '5700';
const ON_OFF = '5850';
const TYPE = { ae: 2, container: 3, contentInstance: 4, subscription: 23 } as const;
/** Milliseconds between two looks for new sensors and lights, and for the last word on a command. */
const LOOK_INTERVAL = 30_000;
const ANSWER_INTERVAL = 200;
const ANSWER_LOOKS = 150;

const { values: options } = parseArgs({
  options: {
    cse: { type: 'string', default: 'http://127.0.0.1:8080' },
    base: { type: 'string', default: 'cse-in' },
    name: { type: 'string', default: 'light-when-dark' },
    host: { type: 'string', default: '127.0.0.1' },
    dark: { type: 'string', default: '50' },
    bright: { type: 'string', default: '80' },
  },
});
const { base, name, host } = options;
/** Lux below which it is dark, and above which it is bright; in between everything stays as it is. */
const [dark, bright] = [Number(options.dark), Number(options.bright)];
const cse = new Cse(options.cse, `C${name}`);
const subscribed = new Set<string>();
let lit: boolean | undefined;
let commands = 0;

const say = (text: string) => process.stdout.write(`${text}\n`);

/** Registers this application; one that an earlier run has left is used on. */
async function register(poa: string): Promise<void> {
  const ae = { rn: name, api: `N${name}`, rr: true, srv: ['3'], poa: [poa] };
  await cse.create(base, TYPE.ae, 'm2m:ae', ae).catch(ignore(4105, 4117));
  say(`registered as ${base}/${name}`);
}

/** Subscribes to every sensor that was not known before. */
async function follow(notificationUrl: string): Promise<void> {
  for (const instance of await cse.discover(base, TYPE.container, ILLUMINANCE)) {
    const container = `${instance}/${SENSOR_VALUE}`;
    if (subscribed.has(container)) continue;
    try {
      const subscription = { rn: name, nu: [notificationUrl], nct: 1, enc: { net: [3] } };
      await cse.delete(`${container}/${name}`).catch(ignore(4004));
      await cse.create(container, TYPE.subscription, 'm2m:sub', subscription);
      subscribed.add(container);
      say(`follows ${container}`);
      const latest = (await cse.retrieve(`${container}/la`))['m2m:cin'] as { con?: unknown } | undefined;
      await measured(Number(latest?.con));
    } catch (error) {
      // Its values are not there yet, or it has left meanwhile: the next look tells.
      ignore(4004)(error);
    }
  }
}

async function measured(lux: number): Promise<void> {
  if (Number.isNaN(lux)) return;
  const wanted = lux < dark ? true : lux > bright ? false : lit;
  if (wanted === undefined || wanted === lit) return;
  lit = wanted;
  say(`${lux} lx: lights ${wanted ? 'on' : 'off'}`);
  const lights = await cse.discover(base, TYPE.container, LIGHT_CONTROL);
  await Promise.all(lights.map((light) => command(light, wanted)));
}

/** Switches a light and says how that ended. */
async function command(light: string, on: boolean): Promise<void> {
  const [ae, instance] = [light.split('/').slice(0, -1).join('/'), light.split('/').at(-1) ?? ''];
  commands += 1;
  const id = `${process.pid}-${commands}`;
  const path = `/${instance.replace('_', '/')}/${ON_OFF}`;
  try {
    const request = { id, operation: 'write', path, value: on };
    await cse.create(`${ae}/requests`, TYPE.contentInstance, 'm2m:cin', { con: request });
    say(`${ae}${path}: ${await outcome(ae, id)}`);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const hint = error.rsc === 4103 || error.rsc === 4004 ? `; does access.command name C${name}?` : '';
    say(`${ae}${path}: ${error.message}${hint}`);
  }
}

/** The last word on a command. */
async function outcome(ae: string, id: string): Promise<string> {
  for (let looks = 0; looks < ANSWER_LOOKS; looks += 1) {
    for (const address of await cse.discover(`${ae}/responses`, TYPE.contentInstance, `LWM2MREQ:${id}`)) {
      const { con } = (await cse.retrieve(address))['m2m:cin'] as { con: string | Record<string, string> };
      const { state, code, reason } = typeof con === 'string' ? JSON.parse(con) : con;
      if (state === 'done') return `done ${code}`;
      if (state === 'failed' || state === 'expired') return `${state} ${code ?? ''} ${reason ?? ''}`.trim();
    }
    await new Promise((resolve) => setTimeout(resolve, ANSWER_INTERVAL));
  }
  return 'no last word yet: it may be asleep';
}

function ignore(...codes: number[]): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof Refusal && codes.includes(error.rsc))) throw error;
  };
}

interface NotificationBody {
  readonly 'm2m:sgn'?: { readonly nev?: { readonly rep?: { readonly 'm2m:cin'?: { readonly con?: unknown } } } };
}

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  response.setHeader('X-M2M-RSC', '2000');
  response.setHeader('X-M2M-RI', String(request.headers['x-m2m-ri'] ?? ''));
  response.end();
  try {
    const { 'm2m:sgn': notified } = JSON.parse(Buffer.concat(chunks).toString()) as NotificationBody;
    const content = notified?.nev?.rep?.['m2m:cin']?.con;
    if (content !== undefined) await measured(Number(content));
  } catch (error) {
    say(String(error));
  }
});

async function main(): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const url = `http://${host}:${(server.address() as AddressInfo).port}`;
  await register(url);
  await follow(url);
  const timer = setInterval(() => void follow(url).catch((error) => say(String(error))), LOOK_INTERVAL);
  process.once('SIGINT', async () => {
    clearInterval(timer);
    for (const container of subscribed) await cse.delete(`${container}/${name}`).catch(() => undefined);
    await cse.delete(`${base}/${name}`).catch(() => undefined);
    server.close();
  });
}

await main();

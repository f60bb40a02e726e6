import { afterEach, describe, expect, it } from 'vitest';
import type { Operation, Report } from '../../lwm2m/index.ts';
import { Fleet, type FleetSummary, runSimulation, SIMULATION_DEFAULTS } from '../../simulator/index.ts';
import { paths, RecordingServer } from './recording-server.ts';
import { ACCEPTING, ScriptedServer, type SeenRequest } from './scripted-server.ts';

const servers: ScriptedServer[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serve(script: (request: SeenRequest) => ReturnType<typeof ACCEPTING> = ACCEPTING) {
  const server = await ScriptedServer.start(script);
  servers.push(server);
  return server;
}

describe('a fleet', () => {
  it('registers all its devices under numbered names, each from its own port, and de-registers them', async () => {
    const server = await serve();
    const fleet = new Fleet({ server: server.server, endpoints: 20, prefix: 'load-', rate: 10_000 });
    await fleet.start();
    expect(fleet.summary).toMatchObject({
      endpoints: 20,
      started: 20,
      registered: 20,
      registers: 20,
      sockets: 20,
      failed: {},
    });
    const names = server.requests.map(({ query }) => query.find((parameter) => parameter.startsWith('ep=')));
    expect([names[0], names[19], new Set(names).size]).toEqual(['ep=load-000001', 'ep=load-000020', 20]);
    expect(new Set(server.requests.map(({ port }) => port)).size).toBe(20);
    const summary = await fleet.stop();
    expect(summary).toMatchObject({ registered: 0, deregisters: 20, sockets: 20 });
    expect(summary.registerTime?.p50).toBeGreaterThan(0);
    expect(summary.registerTime?.max).toBeGreaterThanOrEqual(summary.registerTime?.p99 ?? Number.NaN);
  });

  it('shares sockets beyond their number, and every endpoint registers all the same', async () => {
    const server = await serve();
    const fleet = new Fleet({ server: server.server, endpoints: 30, maxSockets: 4, rate: 10_000 });
    await fleet.start();
    expect(fleet.summary).toMatchObject({ registered: 30, sockets: 4 });
    expect(new Set(server.requests.map(({ port }) => port)).size).toBe(4);
    expect(await fleet.stop()).toMatchObject({ registered: 0, deregisters: 30 });
  });

  it('starts no more devices a second than it was told', async () => {
    const server = await serve();
    const fleet = new Fleet({ server: server.server, endpoints: 11, rate: 100 });
    const from = performance.now();
    await fleet.start();
    expect(performance.now() - from).toBeGreaterThan(95);
    await fleet.stop();
  });

  it('counts what is refused by operation and code', async () => {
    const server = await serve(() => ({ code: '4.03' }));
    const fleet = new Fleet({ server: server.server, endpoints: 3, rate: 10_000 });
    const started = fleet.start();
    for (let request = 0; request < 3; request += 1) await server.next();
    const summary = await fleet.stop();
    await started;
    expect(summary).toMatchObject({ registered: 0, registers: 0, failed: { 'register 4.03': 3 } });
    expect(summary.registerTime).toBeUndefined();
  });

  it('ends in bounded time when the server has gone, and while it is still starting', async () => {
    const server = await serve((request) => (request.path === 'rd' ? ACCEPTING(request) : undefined));
    const fleet = new Fleet({ server: server.server, endpoints: 5, rate: 10_000 });
    await fleet.start();
    expect(await fleet.stop({ limit: 50 })).toMatchObject({ deregisters: 0, registered: 5 });
    const slow = new Fleet({ server: server.server, endpoints: 1_000, rate: 1 });
    const started = slow.start();
    await server.next();
    await slow.stop({ deregister: false });
    await started;
    expect(slow.summary.started).toBeLessThan(3);
  });
});

describe('a simulation', () => {
  const told: string[] = [];
  const run = (server: ScriptedServer, more: object, signal = new AbortController().signal): Promise<FleetSummary> => {
    told.length = 0;
    const uri = `coap://127.0.0.1:${server.port}`;
    const options = { ...SIMULATION_DEFAULTS, server: uri, endpoints: 3, rate: 10_000, ...more };
    return runSimulation(options, { log: (line) => told.push(line), signal });
  };

  it('runs for its duration, de-registers and says what became of it', async () => {
    const server = await serve();
    const summary = await run(server, { duration: 1, lifetime: 1, binding: 'UQ', version: '1.1' });
    expect(summary).toMatchObject({ registers: 3, deregisters: 3, registered: 0 });
    expect(summary.updates).toBeGreaterThanOrEqual(3);
    expect(server.requests[0]?.query).toEqual(['lwm2m=1.1', 'ep=sim-000001', 'lt=1', 'b=U', 'Q']);
    expect(told.at(-1)).toMatch(/^3 devices on 3 sockets: 3 registered, \d+ updated, 3 de-registered, Register took /);
  });

  it('makes devices as its options say', async () => {
    const reports: Report[] = [];
    const server = await RecordingServer.start({ report: (report) => void reports.push(report) });
    const controller = new AbortController();
    const options = {
      ...SIMULATION_DEFAULTS,
      server: server.uri,
      queueMode: true,
      unknownObject: true,
      format: 112,
      refuseWrites: '4.01',
      sendInterval: 1,
    } as const;
    const done = runSimulation(options, { log: (line) => told.push(line), signal: controller.signal });
    const { registration } = await server.next();
    expect(registration).toMatchObject({ queueMode: true, objectLinks: { contentFormats: [112] } });
    expect(paths(registration)).toContain('32769/0');
    const path = { objectId: 3311, instanceId: 0, resourceId: 5851 };
    const ask = (operation: Operation) => server.lwm2m.perform(registration.endpoint, operation, { deadline: 5_000 });
    expect(await ask({ type: 'read', path: { objectId: 3311, instanceId: 0 } })).toMatchObject({
      content: { format: 112 },
    });
    const write = { type: 'write', path, mode: 'replace', nodes: [{ path, value: 1 }] } as const;
    expect(await ask(write)).toMatchObject({ kind: 'refused', code: '4.01' });
    while (reports.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(reports[0]?.source).toBe('send');
    controller.abort();
    expect(await done).toMatchObject({ registers: 1, deregisters: 1, asked: 2 });
    expect(told.at(-1)).toMatch(/2 requests of the server, \d+ sends/);
    await server.stop();
  });

  it('ends soon when nobody ever answered', async () => {
    const server = await serve(() => undefined);
    const controller = new AbortController();
    const done = run(server, {}, controller.signal);
    for (let request = 0; request < 3; request += 1) await server.next();
    const from = performance.now();
    controller.abort();
    expect(await done).toMatchObject({ registers: 0 });
    expect(performance.now() - from).toBeLessThan(5_000);
  });

  it('ends at once with the signal, without a word to the server when told so', async () => {
    const server = await serve();
    const controller = new AbortController();
    const done = run(server, { deregister: false }, controller.signal);
    for (let request = 0; request < 3; request += 1) await server.next();
    controller.abort();
    expect(await done).toMatchObject({ deregisters: 0 });
    expect(server.requests.every(({ method }) => method === 'POST')).toBe(true);
  });

  it('rejects a server whose name nobody knows', async () => {
    const server = await serve();
    await expect(run(server, { server: 'coap://no-such-host.invalid:5683', duration: 1 })).rejects.toMatchObject({
      code: 'simulator/server-uri',
    });
  });
});

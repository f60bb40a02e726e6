import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseServerUri, SimulatedDevice } from '../../../simulator/index.ts';
import { buildCommandLine, type CommandLine, type Running } from './command-line.ts';

let ipe: CommandLine;
beforeAll(async () => {
  ipe = await buildCommandLine();
});
afterAll(() => ipe.dispose());

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const FREE_PORTS = {
  IPE_LWM2M_COAP_HOST: '127.0.0.1',
  IPE_LWM2M_COAP_PORT: '0',
  IPE_HTTP_PORT: '0',
  IPE_EMBEDDED_CSE_PORT: '0',
  IPE_STORE_KIND: 'memory',
};
const STACK = /^\s+at /m;

interface ReadyLine {
  readonly message: string;
  readonly coapPort: number;
  readonly httpPort: number;
  readonly cseUrl: string;
  readonly embedded: boolean;
}

function start(words: readonly string[], env: Readonly<Record<string, string>> = FREE_PORTS): Running {
  const running = ipe.start(words, { env });
  ends.push(() => running.child.kill('SIGKILL'));
  return running;
}

async function ready(running: Running): Promise<ReadyLine> {
  return JSON.parse(await running.line((line) => line.includes('"message":"ready"'))) as ReadyLine;
}

/** A TCP server on a free port that answers as the test says. */
async function httpServer(answer: RequestListener): Promise<number> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  ends.push(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function udpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  ends.push(() => socket.close());
  await once(socket, 'listening');
  return socket.address().port;
}

describe('lwm2m-ipe run', () => {
  it('serves with port 0 everywhere and names the ports in use in one ready line', async () => {
    const running = start(['run']);
    const line = await ready(running);
    expect(line).toMatchObject({ message: 'ready', level: 'info', coapAddress: '127.0.0.1', embedded: true });
    for (const port of [line.coapPort, line.httpPort]) expect(port).toBeGreaterThan(0);
    const health = await fetch(`http://127.0.0.1:${line.httpPort}/health/ready`);
    expect([health.status, await health.json()]).toEqual([200, { status: 'ready', reasons: [] }]);
    running.child.kill('SIGTERM');
    const { stdout } = await running.finished;
    expect(stdout.match(/"message":"ready"/g)).toHaveLength(1);
  });

  it('writes the ready line as text too', async () => {
    const running = start(['run'], { ...FREE_PORTS, IPE_LOG_FORMAT: 'text' });
    const line = await running.line((text) => / ready /.test(text));
    expect(line).toMatch(
      / info {2}ready coapAddress=127\.0\.0\.1 coapPort=\d+ .*httpPort=\d+ cseUrl=http:\/\/\S+ embedded=true/,
    );
  });

  it('registers a device while it runs', async () => {
    const { coapPort } = await ready(start(['run']));
    const device = new SimulatedDevice({ server: parseServerUri(`coap://127.0.0.1:${coapPort}`), endpoint: 'a' });
    ends.push(() => device.stop());
    expect((await device.register()).code).toBe('2.01');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('stops on %s with exit code 0', async (signal) => {
    const running = start(['run']);
    await ready(running);
    running.child.kill(signal);
    const { code, stdout, stderr } = await running.finished;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('"message":"stopped"');
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('ends at once on a second %s, with exit code %i', async (signal, expected) => {
    let asked: () => void = () => {};
    const started = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const hanging = await httpServer(() => asked());
    const env = { ...FREE_PORTS, IPE_CSE_URL: `http://127.0.0.1:${hanging}`, IPE_CSE_TIMEOUT: '60s' };
    const running = start(['run'], env);
    // The first signal arrives while the start waits for the CSE, and the stop waits for the request in flight.
    await started;
    running.child.kill(signal);
    await running.line((line) => line.includes('"message":"stopping"'));
    running.child.kill(signal);
    expect((await running.finished).code).toBe(expected);
  });

  it('never writes the administrator originator, not even at debug', async () => {
    const secret = 'SuperSecretAdmin';
    const running = start(['run'], { ...FREE_PORTS, IPE_CSE_ADMIN_ORIGINATOR: secret, IPE_LOG_LEVEL: 'debug' });
    const { coapPort } = await ready(running);
    const device = new SimulatedDevice({ server: parseServerUri(`coap://127.0.0.1:${coapPort}`), endpoint: 'a' });
    await device.register();
    await device.stop();
    running.child.kill('SIGTERM');
    const { code, stdout, stderr } = await running.finished;
    expect(code).toBe(0);
    expect(stdout + stderr).not.toContain(secret);
  });

  it.each([
    ['lwm2m.coap.port', 'IPE_LWM2M_COAP_PORT', udpPort],
    ['http.port', 'IPE_HTTP_PORT', () => httpServer(() => {})],
    ['embeddedCse.port', 'IPE_EMBEDDED_CSE_PORT', () => httpServer(() => {})],
  ] as const)('names port, key and variable when %s is in use', async (key, variable, occupy) => {
    const port = await occupy();
    const { code, stderr } = await ipe.run(['run'], { env: { ...FREE_PORTS, [variable]: String(port) } });
    expect(code).toBe(1);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toContain(String(port));
    expect(stderr).toContain(`set ${key} (${variable}) to another port`);
  });
});

describe.each(['run', 'check'])('lwm2m-ipe %s with a CSE that does not serve', (command) => {
  async function failure(port: number, timeout = '10s'): Promise<string> {
    const env = { ...FREE_PORTS, IPE_CSE_URL: `http://127.0.0.1:${port}`, IPE_CSE_TIMEOUT: timeout };
    const { code, stderr } = await ipe.run([command], { env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^lwm2m-ipe: [^\n]+\n$/);
    expect(stderr).not.toMatch(STACK);
    expect(stderr).toContain(`127.0.0.1:${port}`);
    return stderr;
  }

  it('says that it is away', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    expect(await failure(port)).toMatch(/not reachable/);
  });

  it('says that it does not answer in time', async () => {
    expect(await failure(await httpServer(() => {}), '300ms')).toMatch(/300 ?ms|0\.3 s/);
  });

  it('says that it is no CSE', async () => {
    const port = await httpServer((_request, response) => response.end('<html>hello</html>'));
    expect(await failure(port)).toMatch(/not a|no oneM2M|no CSE/i);
  });
});

describe('lwm2m-ipe check', () => {
  it('tells what the CSE is and what the IPE may do there', async () => {
    const running = start(['cse', '--port', '0', '--dialect', 'mobius4']);
    const { csePort } = (await ready(running)) as unknown as { csePort: number };
    const env = { IPE_CSE_URL: `http://127.0.0.1:${csePort}`, IPE_CSE_DIALECT: 'mobius4' };
    const { code, stdout, stderr } = await ipe.run(['check'], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^configuration {3}valid/);
    expect(stdout).toMatch(/^ {2}is {12}.*Mobius/m);
    expect(stdout).toMatch(/^ {2}ok {12}Clwm2m-ipe may register/m);
    expect(stdout).toMatch(/^ {2}degraded {6}there is no <node>/m);
  });

  it('looks at the embedded CSE where no other is configured, on no port of the configuration', async () => {
    const { code, stdout } = await ipe.run(['check'], { env: {} });
    expect(code).toBe(0);
    expect(stdout).toContain('the embedded one');
  });
});

describe('lwm2m-ipe cse', () => {
  it('serves the CSE that the options describe', async () => {
    const running = start(['cse', '--port', '0', '--base', 'home', '--cse-id', 'my-cse'], {});
    const line = await ready(running);
    expect(line).toMatchObject({ cseUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), base: 'home' });
    const headers = { 'X-M2M-Origin': 'CAdmin', 'X-M2M-RI': '1', 'X-M2M-RVI': '3', Accept: 'application/json' };
    const answer = await fetch(`${line.cseUrl}/home`, { headers });
    expect(answer.headers.get('x-m2m-rsc')).toBe('2000');
    expect(await answer.json()).toMatchObject({ 'm2m:cb': { csi: '/my-cse' } });
    running.child.kill('SIGINT');
    expect((await running.finished).code).toBe(0);
  });
});

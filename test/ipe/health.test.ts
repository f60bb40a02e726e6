import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../common/index.ts';
import { HealthServer, type Readiness } from '../../ipe/health.ts';

const open: HealthServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.stop();
});

function create(ready: () => Readiness = () => ({ ready: true, reasons: [] }), port = 0): HealthServer {
  const server = new HealthServer({ host: '127.0.0.1', port, logger: silentLogger, ready });
  open.push(server);
  return server;
}

async function get(port: number, path: string): Promise<[number, unknown]> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return [response.status, await response.json()];
}

describe('the health server', () => {
  it('says that the process lives', async () => {
    const { port } = await create().start();
    expect(await get(port, '/health/live')).toEqual([200, { status: 'live' }]);
  });

  it('says 200 when ready and 503 with the reasons when not', async () => {
    let readiness: Readiness = { ready: false, reasons: ['CSE away'] };
    const { port } = await create(() => readiness).start();
    expect(await get(port, '/health/ready')).toEqual([503, { status: 'not ready', reasons: ['CSE away'] }]);
    readiness = { ready: true, reasons: [] };
    expect(await get(port, '/health/ready')).toEqual([200, { status: 'ready', reasons: [] }]);
  });

  it('answers 404 to anything else, without a word of its inside', async () => {
    const { port } = await create().start();
    expect(await get(port, '/health')).toEqual([404, { error: 'not found' }]);
  });

  it('serves routes that were added before the start, and hides why they fail', async () => {
    const server = create();
    server.routes.get('/metrics', async () => ({ fine: true }));
    server.routes.get('/broken', async () => {
      throw new TypeError('inner detail');
    });
    const { port } = await server.start();
    expect(await get(port, '/metrics')).toEqual([200, { fine: true }]);
    expect(await get(port, '/broken')).toEqual([500, { error: 'internal error' }]);
  });

  it('refuses bodies above its limit', async () => {
    const server = create();
    server.routes.post('/notify', async () => ({}));
    const { port } = await server.start();
    const body = JSON.stringify('x'.repeat(2_000_000));
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`http://127.0.0.1:${port}/notify`, { method: 'POST', headers, body });
    expect(response.status).toBe(413);
  });

  it('names the port that is in use', async () => {
    const { port } = await create().start();
    await expect(create(undefined, port).start()).rejects.toMatchObject({
      code: 'http/port-in-use',
      message: `health server: TCP port ${port} on 127.0.0.1 is in use`,
    });
  });

  it('names an address that the machine does not have', async () => {
    const server = new HealthServer({
      host: '192.0.2.1',
      port: 0,
      logger: silentLogger,
      ready: () => ({ ready: true, reasons: [] }),
    });
    await expect(server.start()).rejects.toMatchObject({ code: 'http/address' });
  });

  it('may be stopped before it was started, and twice', async () => {
    const server = create();
    await server.stop();
    await server.stop();
  });

  it('lets a request in flight finish when it stops', async () => {
    const server = create();
    let answer: (() => void) | undefined;
    const entered = new Promise<void>((resolve) => {
      server.routes.get('/slow', async () => {
        resolve();
        await new Promise<void>((finish) => {
          answer = finish;
        });
        return { done: true };
      });
    });
    const { port } = await server.start();
    const response = get(port, '/slow');
    await entered;
    const stopped = server.stop();
    answer?.();
    expect(await response).toEqual([200, { done: true }]);
    await stopped;
  });
});

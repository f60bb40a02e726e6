import type { Lwm2mServer } from '../lwm2m/index.ts';

const GRACE = 1_000;

/** Serves until SIGTERM, then closes what the server stood on; one line of JSON when ready. */
export async function serve(server: Lwm2mServer, close: () => Promise<unknown>): Promise<void> {
  const { port } = await server.start();
  const alive = setInterval(() => {}, 1 << 30);
  process.once('SIGTERM', async () => {
    await server.stop(GRACE);
    await close();
    clearInterval(alive);
  });
  process.stdout.write(`${JSON.stringify({ ready: true, port, pid: process.pid })}\n`);
}

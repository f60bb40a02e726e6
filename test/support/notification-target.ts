import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An application's door for notifications, which answers each one as received (TS-0009 6.3.2). */
export async function startNotificationTarget(): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    request.resume();
    const identifier = request.headers['x-m2m-ri'];
    response.setHeader('X-M2M-RSC', '2000');
    if (typeof identifier === 'string') response.setHeader('X-M2M-RI', identifier);
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

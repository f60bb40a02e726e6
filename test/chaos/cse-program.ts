import { EmbeddedCse } from '../../embedded-cse/index.ts';

// An embedded CSE in a process of its own: it listens where it is told, forgets when it is told, and ends with its parent.
const cse = new EmbeddedCse({ port: Number(process.argv[2] ?? 0), dialect: 'acme', maxQueuedNotifications: 100_000 });
process.on('disconnect', () => process.exit(0));
process.on('message', () => {
  cse.reset();
  process.send?.('forgotten');
});
const { port } = await cse.start();
process.send?.(port);

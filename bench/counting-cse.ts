import { startNullCse } from './null-cse.ts';

// The CSE that says yes at once, in a process of its own; on SIGUSR2 it prints how many requests of which kind came.
const cse = await startNullCse({ port: 0, host: '127.0.0.1', delay: 0, base: 'cse-in' });
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
process.on('SIGUSR2', () => say({ counts: cse.counts }));
process.once('SIGTERM', () => void cse.close().then(() => process.exit(0)));
say({ ready: true, port: cse.port });

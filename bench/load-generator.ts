import { parseLoadOptions } from './load/options.ts';
import { runLoad } from './load/phases.ts';

// Plays many LwM2M endpoints against a server on the loopback and prints one line of JSON. Run by itself:
//   node dist/bench/load-generator.js --port 5683 --mode register,update,deregister --endpoints 10000
try {
  const result = await runLoad(parseLoadOptions(process.argv.slice(2)));
  process.stdout.write(`${JSON.stringify(result)}\n`);
} catch (error) {
  process.stderr.write(`load generator: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}

import { parseArgs } from 'node:util';
import { errorMessage, IpeError } from '../../common/index.ts';
import type { Metrics } from '../metrics.ts';
import type { FormatName } from './device-datagrams.ts';
import { measureObservedMemory } from './memory.ts';
import { countRequests } from './requests.ts';
import { measureSteady } from './steady.ts';
import { measureStorm } from './storm.ts';
import { measureThroughput } from './throughput.ts';

// Devices and CSE around the bridge, in a process that does nothing else. Prints one line of JSON. Run by itself:
//   node dist/bench/values/world.js throughput --values 40000 --profile DIRECTORY
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    devices: { type: 'string', default: '500' },
    values: { type: 'string', default: '40000' },
    window: { type: 'string', default: '256' },
    'in-flight': { type: 'string', default: '32' },
    format: { type: 'string', default: 'senml' },
    seconds: { type: 'string', default: '5' },
    profile: { type: 'string' },
    endpoints: { type: 'string', default: '20000' },
    notifications: { type: 'string', default: '1000' },
    'exchange-lifetime': { type: 'string', default: '250' },
  },
});

function formatName(text: string): FormatName {
  if (text === 'senml' || text === 'tlv') return text;
  throw new IpeError('bench/usage', '--format: senml or tlv');
}

const MEASURE: Readonly<Record<string, () => Promise<Metrics>>> = {
  throughput: () =>
    measureThroughput({
      devices: Number(values.devices),
      values: Number(values.values),
      window: Number(values.window),
      inFlight: Number(values['in-flight']),
      format: formatName(values.format),
      seconds: Number(values.seconds),
      profile: values.profile,
    }),
  storm: () =>
    measureStorm({
      devices: Number(values.devices),
      seconds: Number(values.seconds),
      inFlight: Number(values['in-flight']),
      profile: values.profile,
    }),
  steady: () =>
    measureSteady({
      endpoints: Number(values.endpoints),
      seconds: Number(values.seconds),
      notifications: Number(values.notifications),
      inFlight: Number(values['in-flight']),
      profile: values.profile,
    }),
  requests: countRequests,
  memory: () =>
    measureObservedMemory({
      endpoints: Number(values.endpoints),
      exchangeLifetime: Number(values['exchange-lifetime']),
    }),
};

try {
  const measure = MEASURE[positionals[0] ?? ''];
  if (measure === undefined) throw new IpeError('bench/usage', `measure what: ${Object.keys(MEASURE).join(', ')}`);
  process.stdout.write(`${JSON.stringify({ metrics: await measure() })}\n`);
} catch (error) {
  process.stderr.write(`values: ${errorMessage(error)}\n`);
  process.exitCode = 2;
}

import { parseArgs } from 'node:util';
import { IpeError } from '../common/index.ts';

/** The parts of the benchmark. */
export const PARTS = ['lwm2m', 'bridge', 'values', 'growth', 'storm', 'steady', 'acme', 'memory', 'dtls'] as const;
/** One of them. */
export type Part = (typeof PARTS)[number];

/** What to measure, and how thoroughly. */
export interface BenchOptions {
  readonly parts: readonly Part[];
  /** Measure Leshan's server in alternating rounds. */
  readonly leshan: boolean;
  readonly rounds: number;
  /** A tenth of the operations and no waiting: shows that everything runs, measures nothing well. */
  readonly quick: boolean;
  /** Seconds waited for deduplication to forget, EXCHANGE_LIFETIME of RFC 7252 4.8.2 being 247. */
  readonly exchangeLifetime: number;
  /** Where the results go as JSON. */
  readonly json: string;
}

const HELP = `Usage: npm run bench -- [options]

  --leshan              measure Leshan's server beside ours (needs Java 17 and Maven)
  --acme                measure an ACME CSE, raw and bridged (needs Python 3.11)
  --rounds N            alternating rounds of which the median counts (default 3)
  --only PART,PART      of lwm2m, bridge, values, growth, storm, steady, acme, memory, dtls
  --quick               a tenth of everything, to see that it runs (about three minutes)
  --exchange-lifetime S seconds to wait before memory is compared (default 250; with --quick 1)
  --json FILE           where the results go (default dist/bench-results.json)
`;

/** The options of a command line, or undefined when it only asks for help. IpeError `bench/usage` says what is wrong. */
export function parseBenchOptions(words: readonly string[]): BenchOptions | undefined {
  const { values } = parse(words);
  if (values.help) {
    process.stdout.write(HELP);
    return undefined;
  }
  const named = values.only?.split(',') ?? PARTS.filter((part) => part !== 'acme' || values.acme);
  const unknown = named.find((part) => !(PARTS as readonly string[]).includes(part));
  if (unknown !== undefined) throw new IpeError('bench/usage', `--only: ${unknown} is none of ${PARTS.join(', ')}`);
  return {
    parts: named as Part[],
    leshan: values.leshan,
    rounds: whole('rounds', values.rounds ?? (values.quick ? '1' : '3'), 1, 25),
    quick: values.quick,
    exchangeLifetime: whole('exchange-lifetime', values['exchange-lifetime'] ?? (values.quick ? '1' : '250'), 0, 3600),
    json: values.json,
  };
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        leshan: { type: 'boolean', default: false },
        acme: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        only: { type: 'string' },
        quick: { type: 'boolean', default: false },
        'exchange-lifetime': { type: 'string' },
        json: { type: 'string', default: 'dist/bench-results.json' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new IpeError('bench/usage', error instanceof Error ? error.message : String(error));
  }
}

function whole(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new IpeError('bench/usage', `--${name} must be a whole number from ${min} to ${max}`);
}

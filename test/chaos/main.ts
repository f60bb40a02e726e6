import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { errorMessage, IpeError } from '../../common/index.ts';
import { play } from './play.ts';
import { printCounts, printFailure } from './report.ts';
import { FAULT_KINDS, type FaultKind, printSchedule, scheduleOf } from './schedule.ts';
import { World } from './world.ts';

const USAGE = `npm run chaos -- [--minutes N] [--seed S] [--seconds T] [--devices D] [--cse embedded|acme] [--only KINDS | --without KINDS] [--verbose]

Plays N seeds of a minute each, S, S+1 and so on (T seconds instead of 60), and judges each by the invariants.
Kinds of faults, separated by commas: ${FAULT_KINDS.join(', ')}`;

interface Options {
  readonly rounds: number;
  readonly seed: number;
  readonly seconds: number;
  readonly devices: number;
  readonly cse: 'embedded' | 'acme';
  readonly kinds: readonly FaultKind[];
  readonly verbose: boolean;
  /** The words that choose the faults, to be said again. */
  readonly choice: string;
}

function optionsFrom(words: readonly string[]): Options | undefined {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...words],
    options: {
      minutes: text,
      seed: text,
      seconds: text,
      devices: text,
      cse: text,
      only: text,
      without: text,
      verbose: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return undefined;
  const { cse = 'embedded' } = values;
  if (cse !== 'embedded' && cse !== 'acme') throw new IpeError('test/usage', `--cse is embedded or acme, not ${cse}`);
  const only = kinds(values.only) ?? FAULT_KINDS;
  const without = kinds(values.without) ?? [];
  const chosen = [values.only && `--only ${values.only}`, values.without && `--without ${values.without}`];
  return {
    rounds: whole('minutes', values.minutes, 1),
    seed: whole('seed', values.seed, Math.floor(Math.random() * 1_000_000)),
    seconds: whole('seconds', values.seconds, 60),
    devices: whole('devices', values.devices, 12),
    cse,
    kinds: only.filter((kind) => !without.includes(kind)),
    verbose: values.verbose === true,
    choice: chosen
      .filter(Boolean)
      .map((words) => ` ${words}`)
      .join(''),
  };
}

function whole(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(value) || value < 0)
    throw new IpeError('test/usage', `--${name} is a whole number, not ${text}`);
  return value;
}

function kinds(text: string | undefined): FaultKind[] | undefined {
  if (text === undefined) return undefined;
  return text.split(',').map((word) => {
    const kind = FAULT_KINDS.find((one) => one === word);
    if (kind === undefined)
      throw new IpeError('test/usage', `no fault is called ${word}; there are ${FAULT_KINDS.join(', ')}`);
    return kind;
  });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** True if nothing broke; what a failure left stays in its folder. */
async function round(seed: number, options: Options): Promise<boolean> {
  const { seconds, devices, cse, kinds, verbose, choice } = options;
  const schedule = scheduleOf({ seed, duration: seconds * 1_000, devices, kinds });
  const folder = mkdtempSync(join(tmpdir(), `chaos-${seed}-`));
  if (verbose) for (const line of printSchedule(schedule)) say(line);
  const world = await World.begin({ seed, devices, cse, folder });
  let keep = false;
  try {
    const verdict = await play(world, schedule, verbose ? say : () => {});
    say(
      `seed ${seed} on ${cse}: ${verdict.breaches.length === 0 ? 'holds' : 'BROKEN'}; ${printCounts(world, verdict)}`,
    );
    keep = verdict.breaches.length > 0;
    if (!keep) return true;
    const replay = `npm run chaos -- --seed ${seed} --seconds ${seconds} --devices ${devices} --cse ${cse}${choice}`;
    for (const line of printFailure(schedule, verdict, replay)) say(line);
    writeFileSync(join(folder, 'evidence.json'), JSON.stringify({ schedule, ...verdict }, undefined, 1));
    say(`what was seen: ${folder}`);
    return false;
  } finally {
    await world.dispose();
    if (!keep) rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const options = optionsFrom(process.argv.slice(2));
  if (options === undefined) {
    say(USAGE);
    return;
  }
  let broken = 0;
  for (let index = 0; index < options.rounds; index += 1) {
    if (!(await round(options.seed + index, options))) broken += 1;
  }
  say(broken === 0 ? `all ${options.rounds} hold` : `${broken} of ${options.rounds} BROKEN`);
  process.exitCode = broken === 0 ? 0 : 1;
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`chaos: ${errorMessage(error)}\n`);
    process.exit(2);
  },
);

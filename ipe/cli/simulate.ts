import { type Command, InvalidArgumentError, Option } from 'commander';
import { errorMessage, IpeError } from '../../common/index.ts';
import { runSimulation, SIMULATE_OPTIONS, type SimulateOption, type SimulationOptions } from '../../simulator/index.ts';
import { listenForStop } from './stop-signal.ts';
import type { Surroundings } from './surroundings.ts';

const EXAMPLES = `
The devices stay registered until Ctrl-C or the end of --duration, then de-register. Exit code 1 when none of them
could register.

Examples:
  $ lwm2m-ipe simulate                                             one device, server on this machine
  $ lwm2m-ipe simulate --server coap://[::1]:5683 --endpoints 50 --prefix lab-
  $ lwm2m-ipe simulate --objects 1,3,3301,3311 --value-interval 2  a lamp and a light sensor that reports often
  $ lwm2m-ipe simulate --queue-mode --awake 5 --update-interval 30 a device that sleeps, and wakes twice a minute
  $ lwm2m-ipe simulate --version 1.0 --format tlv                  an old device
  $ lwm2m-ipe simulate --bootstrap coap://127.0.0.1:5783           a device that is told first where to register
  $ lwm2m-ipe simulate --endpoints 10 --lifetime 20 --no-update    devices that fall silent
  $ lwm2m-ipe simulate --server coaps://127.0.0.1 --psk @lamp.key  a device with a pre-shared key`;

/** A row of the simulator's options in commander's form. */
function commandOption({ flags, description, group, default: usual, shown, parse }: SimulateOption): Option {
  const option = new Option(flags, description).helpGroup(`${group}:`);
  if (parse === undefined) return option;
  return option.default(usual, shown).argParser((text: string) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(errorMessage(error));
    }
  });
}

async function simulate(options: SimulationOptions, { stdout }: Surroundings): Promise<void> {
  const stop = listenForStop();
  try {
    const log = (line: string) => stdout.write(`${line}\n`);
    const summary = await runSimulation(options, { log, signal: stop.signal });
    if (summary.registers > 0 || options.badPayload || stop.signal.aborted) return;
    throw new IpeError(
      'simulator/none-registered',
      `no device could register with ${options.bootstrap ?? options.server}`,
    );
  } finally {
    stop.dispose();
  }
}

/** `lwm2m-ipe simulate`: LwM2M devices. */
export function addSimulateCommand(program: Command, surroundings: Surroundings): void {
  const command = program
    .command('simulate')
    .description('simulate LwM2M devices that register with a server')
    .addHelpText('after', EXAMPLES)
    .action((options: SimulationOptions) => simulate(options, surroundings));
  for (const row of SIMULATE_OPTIONS) command.addOption(commandOption(row));
}

import { Command, CommanderError } from 'commander';
import { addCheckCommand } from './check.ts';
import { addConfigCommand } from './config.ts';
import { addCredentialsCommand } from './credentials.ts';
import { addCseCommand } from './cse.ts';
import { addDemoCommand } from './demo.ts';
import { reportFailure } from './failure.ts';
import { addRunCommand } from './run.ts';
import { addSimulateCommand } from './simulate.ts';
import { ExitCode, type Surroundings } from './surroundings.ts';
import { packageVersion } from './version.ts';

const EXAMPLES = `
Start here:
  $ lwm2m-ipe demo                     see it work: a CSE, the bridge and a few devices, explained
  $ lwm2m-ipe run                      the bridge with an embedded CSE
  $ lwm2m-ipe simulate                 devices that register with it
  $ lwm2m-ipe config example           everything that can be configured

Exit codes: 0 done or stopped, 1 failure, 2 wrong usage.`;

function createProgram(surroundings: Surroundings): Command {
  const program = new Command('lwm2m-ipe')
    .description('Brings LwM2M devices into a oneM2M CSE (Interworking Proxy Entity, TS-0014).')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addHelpText('after', EXAMPLES)
    // What stands after a command belongs to it, so that `simulate --version` may mean the version of LwM2M.
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for the usage)')
    .configureOutput({
      writeOut: (text) => surroundings.stdout.write(text),
      writeErr: (text) => surroundings.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'lwm2m-ipe: ')),
    })
    .exitOverride();
  addDemoCommand(program, surroundings);
  addRunCommand(program, surroundings);
  addCheckCommand(program, surroundings);
  addConfigCommand(program, surroundings);
  addCredentialsCommand(program, surroundings);
  addCseCommand(program, surroundings);
  addSimulateCommand(program, surroundings);
  return program;
}

/** Carries out a command line (without node and script) and returns the exit code; failures are told on standard error. */
export async function runCommandLine(words: readonly string[], surroundings: Surroundings): Promise<number> {
  try {
    await createProgram(surroundings).parseAsync(words, { from: 'user' });
    return ExitCode.ok;
  } catch (error) {
    // Commander has already told what is wrong with the usage; --help and --version arrive here with exit code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
    reportFailure(error, surroundings);
    return ExitCode.failure;
  }
}

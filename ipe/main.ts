#!/usr/bin/env -S node --max-semi-space-size=64
import { basename, relative } from 'node:path';
import { reportFailure } from './cli/failure.ts';
import { runCommandLine } from './cli/program.ts';
import { ExitCode, type Surroundings } from './cli/surroundings.ts';

/** The installed command by its name, a file of a build by its path. */
function programName(script: string): string {
  return script.endsWith('.js') ? `node ${relative(process.cwd(), script)}` : basename(script);
}

const surroundings: Surroundings = {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  program: programName(process.argv[1] ?? ''),
  showStacks: false,
};

function fail(error: unknown): void {
  reportFailure(error, surroundings);
  process.exit(ExitCode.failure);
}

// A reader that closes the pipe (`| head`) has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

const code = await runCommandLine(process.argv.slice(2), surroundings);
process.stdout.write('', () => process.exit(code));

import type { Environment } from '../configuration/index.ts';

/** A stream that people or programs read. */
export type OutputStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** The process as commands see it. */
export interface Surroundings {
  readonly env: Environment;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** How the program is called, for commands that a user is to type. */
  readonly program: string;
  /** Commands set it when the user wants stacks (log.level debug). */
  showStacks: boolean;
}

/** Exit codes of the command line. */
export const ExitCode = { ok: 0, failure: 1, usage: 2 } as const;

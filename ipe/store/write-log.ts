import { closeSync, constants, fsyncSync, openSync, readdirSync, readFileSync, renameSync, unlinkSync } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Write } from './group-commit.ts';
import { decodeLog, encodeGroup, type LogContents } from './log-format.ts';

/** What the logs of earlier runs gave back. */
export interface Recovered extends LogContents {
  /** Says that all of it is in the database: the files go, those with damaged groups aside as `damaged-...`. */
  readonly settle: () => void;
}

/** With O_DSYNC, where the system has it, to write is to have it on the disk: one call instead of two. */
const SYNCED: number | undefined = constants.O_DSYNC;
const FLAGS = constants.O_CREAT | constants.O_TRUNC | constants.O_WRONLY | (SYNCED ?? 0);
const NAME = /^log-(\d{1,15})$/;

/**
 * Files to which groups of writes are appended, each on the disk before `append` resolves. To append is many times quicker
 * than to change pages all over a database, which takes over what was appended later and for many groups at once.
 */
export class WriteLog {
  readonly #path: string;
  /** Of the first file that has not been deleted. */
  #oldest: number;
  #number: number;
  #file: FileHandle | undefined;
  #length = 0;

  private constructor(path: string, number: number) {
    this.#path = path;
    this.#oldest = number;
    this.#number = number;
  }

  /** The logs in a directory: what earlier runs left, and a new one to append to. Throws what the file system throws. */
  static open(path: string): { readonly log: WriteLog; readonly recovered: Recovered } {
    const numbers = readdirSync(path)
      .map((name) => Number(NAME.exec(name)?.[1]))
      .filter((number) => !Number.isNaN(number))
      .sort((a, b) => a - b);
    const contents = numbers.map((number) => decodeLog(readFileSync(join(path, fileName(number)))));
    const settle = () => {
      for (const [index, number] of numbers.entries()) {
        const name = fileName(number);
        if (contents[index]?.damaged === 0) unlinkSync(join(path, name));
        else renameSync(join(path, name), join(path, `damaged-${name}`));
      }
      syncDirectory(path);
    };
    const recovered = {
      writes: contents.flatMap(({ writes }) => writes),
      torn: contents.reduce((sum, { torn }) => sum + torn, 0),
      damaged: contents.reduce((sum, { damaged }) => sum + damaged, 0),
      settle,
    };
    return { log: new WriteLog(path, (numbers.at(-1) ?? 0) + 1), recovered };
  }

  /** Bytes of the present file. */
  get length(): number {
    return this.#length;
  }

  /** Resolves when the writes are on the disk; rejects with what the file system says, and then none of them is. */
  async append(writes: readonly Write[]): Promise<void> {
    const group = encodeGroup(writes);
    const file = await this.#open();
    try {
      for (let written = 0; written < group.length; ) {
        const { bytesWritten } = await file.write(group, written, group.length - written, this.#length + written);
        written += bytesWritten;
      }
      if (SYNCED === undefined) await file.datasync();
    } catch (error) {
      // What is half there must not stand before what comes later, nor be read back after it was called failed.
      await file.truncate(this.#length).catch(() => undefined);
      throw error;
    }
    this.#length += group.length;
  }

  /** Begins a new file; gives the way to delete those until now, once the database has what stands in them. */
  async rotate(): Promise<() => Promise<void>> {
    const last = this.#number;
    await this.#close();
    this.#number += 1;
    return () => this.#drop(last);
  }

  /** Lets go of the file. */
  async close(): Promise<void> {
    await this.#close();
  }

  async #open(): Promise<FileHandle> {
    if (this.#file !== undefined) return this.#file;
    const file = await open(join(this.#path, fileName(this.#number)), FLAGS, 0o600);
    try {
      syncDirectory(this.#path);
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
    this.#length = 0;
    this.#file = file;
    return file;
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#length = 0;
    await file?.close();
  }

  /** In their order, so that no older write is ever left without the newer ones. */
  async #drop(last: number): Promise<void> {
    for (; this.#oldest <= last; this.#oldest += 1) {
      await unlink(join(this.#path, fileName(this.#oldest))).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
  }
}

function fileName(number: number): string {
  return `log-${number}`;
}

/** Makes names of files last: theirs is another write than that of their content. */
function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

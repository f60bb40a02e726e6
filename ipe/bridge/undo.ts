import { CseError } from '../../cse-client/index.ts';

/** Remembers what one piece of work created on the CSE, so that it can be taken back when a later step fails. */
export class Undo {
  readonly #created: string[] = [];
  readonly #delete: (path: string) => Promise<void>;
  readonly #leave: (paths: readonly string[]) => void;

  /** `remove` deletes a resource now; `leave` is given what could not be deleted now, to be deleted later. */
  constructor(remove: (path: string) => Promise<void>, leave: (paths: readonly string[]) => void) {
    this.#delete = remove;
    this.#leave = leave;
  }

  /** Runs a CREATE of the resource at `path`; it counts as made unless the CSE said that it refused it. */
  async track<T>(path: string, create: () => Promise<T>): Promise<T> {
    try {
      const created = await create();
      this.#created.push(path);
      return created;
    } catch (error) {
      if (!(error instanceof CseError) || error.rsc === undefined) this.#created.push(path);
      throw error;
    }
  }

  /** Counts a resource that was taken over as made, since nothing else will delete it. */
  adopt(path: string): void {
    this.#created.push(path);
  }

  /** Deletes what was made, the last first and nothing below what is deleted anyway. Never rejects. */
  async run(): Promise<void> {
    const paths = this.#created.splice(0).reverse();
    const topmost = paths.filter((path) => !paths.some((other) => path.startsWith(`${other}/`)));
    for (const [index, path] of topmost.entries()) {
      try {
        await this.#delete(path);
      } catch {
        this.#leave(topmost.slice(index));
        return;
      }
    }
  }
}

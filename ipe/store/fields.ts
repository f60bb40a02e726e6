import { DecodeError } from '../../common/index.ts';

/** Reads the parts of a record that came from a disk, and so may be anything. Throws DecodeError `store/record`. */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(json: unknown) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) throw wrong('the record', 'an object');
    this.#values = json as Readonly<Record<string, unknown>>;
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  /** Any JSON. */
  raw(name: string): unknown {
    return this.#values[name];
  }

  text(name: string, longest = 1_024): string {
    const value = this.#values[name];
    if (typeof value !== 'string' || value.length > longest) throw wrong(name, `a text of at most ${longest}`);
    return value;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.#values[name];
    if (!allowed.includes(value as T)) throw wrong(name, `one of ${allowed.join(', ')}`);
    return value as T;
  }

  integer(name: string, least = 0, most: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.#values[name];
    if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most) {
      throw wrong(name, `a whole number from ${least} to ${most}`);
    }
    return value as number;
  }

  /** Milliseconds of the epoch, which may have a fraction. */
  time(name: string): number {
    const value = this.#values[name];
    if (typeof value !== 'number' || !(value >= 0 && value <= 8.64e15)) throw wrong(name, 'a time');
    return value;
  }

  flag(name: string): boolean {
    const value = this.#values[name];
    if (typeof value !== 'boolean') throw wrong(name, 'true or false');
    return value;
  }

  list(name: string, most: number): readonly unknown[] {
    const value = this.#values[name];
    if (!Array.isArray(value) || value.length > most) throw wrong(name, `a list of at most ${most}`);
    return value;
  }

  texts(name: string, most: number, longest = 1_024): readonly string[] {
    return this.list(name, most).map((item) => {
      if (typeof item !== 'string' || item.length > longest) throw wrong(name, `texts of at most ${longest}`);
      return item;
    });
  }
}

function wrong(name: string, allowed: string): DecodeError {
  return new DecodeError('store/record', `${name} is not ${allowed}`);
}

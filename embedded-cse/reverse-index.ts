/** Which resources mention a key; the sets go when they are empty. */
export class ReverseIndex<T> {
  readonly #sets = new Map<string, Set<T>>();

  add(keys: unknown, item: T): void {
    for (const key of strings(keys)) {
      const set = this.#sets.get(key);
      if (set === undefined) this.#sets.set(key, new Set([item]));
      else set.add(item);
    }
  }

  remove(keys: unknown, item: T): void {
    for (const key of strings(keys)) {
      const set = this.#sets.get(key);
      if (set?.delete(item) === true && set.size === 0) this.#sets.delete(key);
    }
  }

  get(key: string): ReadonlySet<T> | undefined {
    return this.#sets.get(key);
  }

  clear(): void {
    this.#sets.clear();
  }
}

function strings(keys: unknown): readonly string[] {
  return Array.isArray(keys) ? keys.filter((key): key is string => typeof key === 'string') : [];
}

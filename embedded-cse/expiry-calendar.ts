/** What ends when, in buckets of one second, so that looking costs nothing for what does not end yet. */
export class ExpiryCalendar<T extends { expires: number | undefined }> {
  readonly #seconds = new Map<number, Set<T>>();

  add(item: T): void {
    if (item.expires === undefined) return;
    const second = Math.floor(item.expires / 1000);
    const set = this.#seconds.get(second);
    if (set === undefined) this.#seconds.set(second, new Set([item]));
    else set.add(item);
  }

  remove(item: T): void {
    if (item.expires === undefined) return;
    const second = Math.floor(item.expires / 1000);
    const set = this.#seconds.get(second);
    if (set?.delete(item) === true && set.size === 0) this.#seconds.delete(second);
  }

  /** Everything whose time lies before `now` (milliseconds since 1970). */
  due(now: number): T[] {
    const due: T[] = [];
    const last = Math.floor(now / 1000);
    for (const [second, items] of this.#seconds) {
      if (second > last) continue;
      for (const item of items) if (item.expires !== undefined && item.expires < now) due.push(item);
    }
    return due;
  }

  clear(): void {
    this.#seconds.clear();
  }
}

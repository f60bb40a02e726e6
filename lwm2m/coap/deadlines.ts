/** Something that falls due at a time. */
export interface Deadline {
  /** Milliseconds on the monotonic clock. */
  dueAt: number;
  /** Kept by {@link Deadlines}; -1 while not waiting. */
  place: number;
  /** Called once when due; may add itself again. */
  due(now: number): void;
}

/** All that waits for a time, in one heap, so that one timer serves everything. */
export class Deadlines {
  readonly #heap: Deadline[] = [];
  readonly #wake: (at: number) => void;

  /** `wake` is told whenever something falls due earlier than all before. */
  constructor(wake: (at: number) => void) {
    this.#wake = wake;
  }

  /** When the first falls due; Infinity when nothing waits. */
  get next(): number {
    return this.#heap[0]?.dueAt ?? Number.POSITIVE_INFINITY;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Waits until `at`; a deadline that waits already is moved. */
  set(deadline: Deadline, at: number): void {
    this.cancel(deadline);
    deadline.dueAt = at;
    this.#rise(this.#heap.length, deadline);
    if (deadline.place === 0) this.#wake(at);
  }

  cancel(deadline: Deadline): void {
    const place = deadline.place;
    if (place < 0) return;
    deadline.place = -1;
    const last = this.#heap.pop() as Deadline;
    if (last === deadline) return;
    const parent = this.#heap[(place - 1) >> 1];
    if (place > 0 && parent !== undefined && last.dueAt < parent.dueAt) this.#rise(place, last);
    else this.#sink(place, last);
  }

  /** Calls what is due, the earliest first; at most as many as wait now, so that this always ends. */
  run(now: number): void {
    for (let left = this.#heap.length; left > 0 && this.next <= now; left--) {
      const first = this.#heap[0] as Deadline;
      this.cancel(first);
      first.due(now);
    }
  }

  #rise(from: number, deadline: Deadline): void {
    const heap = this.#heap;
    let place = from;
    while (place > 0) {
      const up = (place - 1) >> 1;
      const parent = heap[up] as Deadline;
      if (parent.dueAt <= deadline.dueAt) break;
      heap[place] = parent;
      parent.place = place;
      place = up;
    }
    heap[place] = deadline;
    deadline.place = place;
  }

  #sink(from: number, deadline: Deadline): void {
    const heap = this.#heap;
    let place = from;
    for (;;) {
      let down = 2 * place + 1;
      if (down >= heap.length) break;
      const right = heap[down + 1];
      if (right !== undefined && right.dueAt < (heap[down] as Deadline).dueAt) down++;
      const child = heap[down] as Deadline;
      if (child.dueAt >= deadline.dueAt) break;
      heap[place] = child;
      child.place = place;
      place = down;
    }
    heap[place] = deadline;
    deadline.place = place;
  }
}

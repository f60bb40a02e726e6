import { type Clock, MAX_TIMER_DELAY, type Timer } from '../../common/index.ts';
import { BucketHeap, type Expiring, type ExpiryBucket } from './expiry-buckets.ts';

/** Milliseconds that one bucket spans: the most by which an expiry may be late. */
export const BUCKET_SPAN = 250;

/** Expiries handled before other work gets its turn. */
const MOST_AT_ONCE = 500;

/**
 * Lifetimes on the monotonic clock: never early, late by at most a bucket. However many items there are, one timer
 * runs. Renewing costs one assignment: the item stays in its bucket, and moves on when that bucket's time comes.
 */
export class Expiry<T extends Expiring> {
  private readonly clock: Clock;
  private readonly due: (item: T) => void;
  private readonly buckets = new Map<number, ExpiryBucket>();
  private readonly heap = new BucketHeap();
  private timer: Timer | undefined;
  private wakeAt = Number.POSITIVE_INFINITY;
  private stopped = false;

  /** `due` is called with an item that is in no bucket any more; it must not throw. */
  constructor(clock: Clock, due: (item: T) => void) {
    this.clock = clock;
    this.due = due;
  }

  /** Starts the item's time, or starts it anew: it is due in `delay` milliseconds. */
  set(item: T, delay: number): void {
    item.deadline = this.clock.monotonic() + delay;
    const { bucket } = item;
    if (bucket !== undefined) {
      if (bucket.index <= bucketOf(item.deadline)) return;
      this.remove(item);
    }
    this.file(item);
  }

  /** The item is due no more. */
  remove(item: T): void {
    const { bucket, before, after } = item;
    if (bucket === undefined) return;
    if (before === undefined) bucket.first = after;
    else before.after = after;
    if (after !== undefined) after.before = before;
    item.bucket = undefined;
    item.before = undefined;
    item.after = undefined;
    if (bucket.first === undefined) this.discard(bucket);
  }

  /** Nothing is due any more. */
  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
    this.timer = undefined;
  }

  /** Buckets in use, for tests and measurements. */
  get bucketCount(): number {
    return this.buckets.size;
  }

  private file(item: T): void {
    const index = bucketOf(item.deadline);
    let bucket = this.buckets.get(index);
    if (bucket === undefined) {
      bucket = { index, first: undefined, position: -1 };
      this.buckets.set(index, bucket);
      this.heap.add(bucket);
    }
    item.bucket = bucket;
    item.after = bucket.first;
    if (bucket.first !== undefined) bucket.first.before = item;
    bucket.first = item;
    this.wakeFor(this.heap.first);
  }

  private discard(bucket: ExpiryBucket): void {
    this.buckets.delete(bucket.index);
    this.heap.remove(bucket);
  }

  private wakeFor(bucket: ExpiryBucket | undefined): void {
    if (bucket === undefined || this.stopped) return;
    const at = bucket.index * BUCKET_SPAN;
    if (at >= this.wakeAt) return;
    this.timer?.cancel();
    this.wakeAt = at;
    const delay = Math.min(Math.max(0, Math.ceil(at - this.clock.monotonic())), MAX_TIMER_DELAY);
    this.timer = this.clock.timer(delay, this.wake);
  }

  private readonly wake = (): void => {
    this.timer = undefined;
    // Nothing may arm a timer while the buckets are being emptied.
    this.wakeAt = Number.NEGATIVE_INFINITY;
    const now = this.clock.monotonic();
    for (let left = MOST_AT_ONCE; left > 0 && !this.stopped; left -= 1) {
      const bucket = this.heap.first;
      if (bucket === undefined || bucket.index * BUCKET_SPAN > now) break;
      const item = bucket.first as T;
      this.remove(item);
      if (item.deadline > now) this.file(item);
      else this.due(item);
    }
    this.wakeAt = Number.POSITIVE_INFINITY;
    this.wakeFor(this.heap.first);
  };
}

/** Rounded up: a bucket's time comes when all in it are due. */
function bucketOf(deadline: number): number {
  return Math.ceil(deadline / BUCKET_SPAN);
}

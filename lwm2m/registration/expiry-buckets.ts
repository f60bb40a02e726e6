/** Something that ends when its time has come; in one bucket or in none. */
export class Expiring {
  /** Monotonic clock, milliseconds. */
  deadline = 0;
  /** The bucket that holds it, and its neighbours there. Only `Expiry` writes these. */
  bucket: ExpiryBucket | undefined = undefined;
  before: Expiring | undefined = undefined;
  after: Expiring | undefined = undefined;
}

/** All items that come due within the same span of time: a chain, so that it costs no memory of its own. */
export interface ExpiryBucket {
  /** Number of the span. */
  readonly index: number;
  first: Expiring | undefined;
  /** Where it stands in the heap. */
  position: number;
}

/** Buckets, the earliest first. Any of them can be taken out, so that an empty one leaves nothing behind. */
export class BucketHeap {
  private readonly items: ExpiryBucket[] = [];

  get first(): ExpiryBucket | undefined {
    return this.items[0];
  }

  add(bucket: ExpiryBucket): void {
    this.rise(bucket, this.items.length);
  }

  remove(bucket: ExpiryBucket): void {
    const last = this.items.pop();
    if (last === undefined || last === bucket) return;
    const { position } = bucket;
    const parent = this.items[(position - 1) >> 1];
    if (position > 0 && parent !== undefined && parent.index > last.index) this.rise(last, position);
    else this.sink(last, position);
  }

  private rise(bucket: ExpiryBucket, from: number): void {
    let position = from;
    while (position > 0) {
      const above = (position - 1) >> 1;
      const parent = this.items[above]!;
      if (parent.index <= bucket.index) break;
      this.put(parent, position);
      position = above;
    }
    this.put(bucket, position);
  }

  private sink(bucket: ExpiryBucket, from: number): void {
    const { items } = this;
    let position = from;
    for (let below = 2 * position + 1; below < items.length; below = 2 * position + 1) {
      if (below + 1 < items.length && items[below + 1]!.index < items[below]!.index) below += 1;
      if (items[below]!.index >= bucket.index) break;
      this.put(items[below]!, position);
      position = below;
    }
    this.put(bucket, position);
  }

  private put(bucket: ExpiryBucket, position: number): void {
    this.items[position] = bucket;
    bucket.position = position;
  }
}

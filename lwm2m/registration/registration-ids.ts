import { randomFillSync } from 'node:crypto';

/** 128 bits: nobody who can send datagrams guesses the path of another's registration. */
const BYTES = 16;
const POOL_IDS = 256;

/** Fills a buffer with random bytes that cannot be predicted. */
export type FillRandom = (buffer: Buffer) => void;

/** Makes registration ids: 22 characters of base64url, from a pool so that not every id asks the system. */
export class RegistrationIds {
  private readonly fill: FillRandom;
  private readonly pool = Buffer.allocUnsafeSlow(BYTES * POOL_IDS);
  private used = POOL_IDS;

  constructor(fill: FillRandom = randomFillSync) {
    this.fill = fill;
  }

  next(): string {
    if (this.used === POOL_IDS) {
      this.fill(this.pool);
      this.used = 0;
    }
    const start = this.used * BYTES;
    this.used += 1;
    return this.pool.toString('base64url', start, start + BYTES);
  }
}

import { decodeObjectLinks } from './object-links.ts';
import type { ObjectLinks } from './registration.ts';

/** What the cache may hold. */
export interface ObjectLinksCacheLimits {
  /** Payloads in each of the two generations. */
  readonly entries: number;
  /** Longest payload that is kept, bytes. */
  readonly payload: number;
}

const DEFAULT_LIMITS: ObjectLinksCacheLimits = { entries: 512, payload: 1_024 };

/**
 * Devices of one kind send the same payload: parsed once, it is one frozen value for all of them. Two generations make
 * it least recently used at the price of a lookup: what is not asked for while one generation fills is forgotten.
 */
export class ObjectLinksCache {
  private readonly limits: ObjectLinksCacheLimits;
  private young = new Map<string, ObjectLinks>();
  private old = new Map<string, ObjectLinks>();

  constructor(limits: Partial<ObjectLinksCacheLimits> = {}) {
    this.limits = { ...DEFAULT_LIMITS, ...limits };
  }

  /** As `decodeObjectLinks`; equal payloads give the same value while it is remembered. */
  decode(payload: Buffer): ObjectLinks {
    if (payload.length > this.limits.payload) return decodeObjectLinks(payload);
    const key = payload.toString('latin1');
    const known = this.young.get(key);
    if (known !== undefined) return known;
    const links = this.old.get(key) ?? decodeObjectLinks(payload);
    this.remember(key, links);
    return links;
  }

  /** Payloads remembered. */
  get size(): number {
    return this.young.size + this.old.size;
  }

  private remember(key: string, links: ObjectLinks): void {
    if (this.young.size >= this.limits.entries) {
      this.old = this.young;
      this.young = new Map();
    }
    this.old.delete(key);
    this.young.set(key, links);
  }
}

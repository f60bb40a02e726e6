import { ReturnTimes } from './return-times.ts';
import { sourceOf } from './source.ts';
import { TokenBucket, type TokenRate, tokenRate } from './token-bucket.ts';
import type { CoapCode, Peer } from './types.ts';

/** How many are served in a second; absent: as many as come. */
export interface RateLimits {
  /** Of one source: an IPv4 address, or an IPv6 network of 64 bits. A network behind one address is one source. */
  readonly perSource?: number | undefined;
  /** Of all sources together. */
  readonly inAll?: number | undefined;
}

/** Sources remembered at most, in two generations. */
const MOST_SOURCES = 32_768;

/** What becomes of one more: served; refused with that answer; `ignored`: not even refused, since refusals are limited, too. */
export type Admission = 'served' | 'ignored' | { readonly code: CoapCode; readonly maxAge: number };

/** What is known of one source. */
interface Source {
  readonly served: TokenBucket;
  readonly refused: TokenBucket;
  readonly times: ReturnTimes;
}

/**
 * Limits what sources ask for in a second, by token buckets. Who asks too much is answered 4.29 (RFC 8516), when all
 * together do 5.03, each with a Max-Age of its own; twice as much is not answered at all. What is held is bounded.
 */
export class RateLimiter {
  readonly #perSource: TokenRate | undefined;
  readonly #all: Source | undefined;
  readonly #allRate: TokenRate | undefined;
  readonly #random: () => number;
  #recent = new Map<string, Source>();
  #older = new Map<string, Source>();

  /** `random`: from 0 up to 1; `now` in monotonic milliseconds. */
  constructor({ perSource, inAll }: RateLimits, random: () => number, now: number) {
    this.#random = random;
    this.#perSource = perSource === undefined ? undefined : tokenRate(perSource);
    this.#allRate = inAll === undefined ? undefined : tokenRate(inAll);
    this.#all = this.#allRate && this.#newSource(this.#allRate, now);
  }

  /** Sources that are remembered. */
  get sources(): number {
    return this.#recent.size + this.#older.size;
  }

  /** Whether one more is served. A peer that is refused takes nothing from what all may have. */
  admit({ address }: Pick<Peer, 'address'>, now: number): Admission {
    const rate = this.#perSource;
    const own = rate && this.#find(sourceOf(address), rate, now);
    if (own !== undefined && rate !== undefined && !own.served.has(now)) return refusal(own, rate, '4.29', now);
    if (this.#all !== undefined && this.#allRate !== undefined) {
      if (!this.#all.served.has(now)) return refusal(this.#all, this.#allRate, '5.03', now);
      this.#all.served.take();
    }
    own?.served.take();
    return 'served';
  }

  /** Those of the older generation that come again are remembered on; the others are forgotten with it. */
  #find(name: string, rate: TokenRate, now: number): Source {
    const known = this.#recent.get(name);
    if (known !== undefined) return known;
    const source = this.#older.get(name) ?? this.#newSource(rate, now);
    if (this.#recent.size >= MOST_SOURCES / 2) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(name, source);
    return source;
  }

  #newSource(rate: TokenRate, now: number): Source {
    const bucket = () => new TokenBucket(rate, now);
    return { served: bucket(), refused: bucket(), times: new ReturnTimes(this.#random) };
  }
}

function refusal({ refused, times }: Source, { perSecond }: TokenRate, code: CoapCode, now: number): Admission {
  if (!refused.has(now)) return 'ignored';
  refused.take();
  return { code, maxAge: times.next(now, perSecond) };
}

import { codeText } from './datagrams.ts';

/** What one kind of operation came to in one phase. */
export interface TallyResult {
  readonly sent: number;
  readonly ok: number;
  /** Answered with another code than the operation wants, or with an answer that breaks the protocol. */
  readonly refused: number;
  /** Never answered, in spite of four retransmissions, or reset. */
  readonly lost: number;
  readonly retransmissions: number;
  readonly codes: Readonly<Record<string, number>>;
  /** Successful operations a second, from the first request to the last answer. */
  readonly rate: number;
  readonly seconds: number;
  /** Milliseconds from the sending of a request to its answer. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

/** Counts operations and keeps their latencies. */
export class Tally {
  sent = 0;
  ok = 0;
  refused = 0;
  lost = 0;
  retransmissions = 0;
  firstAt = 0;
  lastAt = 0;
  readonly #codes = new Array<number>(256).fill(0);
  #latencies = new Float32Array(1 << 16);

  answered(code: number, accepted: boolean, latency: number, now: number): void {
    this.#codes[code] = (this.#codes[code] as number) + 1;
    this.lastAt = now;
    if (!accepted) {
      this.refused++;
      return;
    }
    if (this.ok === this.#latencies.length) {
      const larger = new Float32Array(this.#latencies.length * 2);
      larger.set(this.#latencies);
      this.#latencies = larger;
    }
    this.#latencies[this.ok++] = latency;
  }

  result(): TallyResult {
    const sorted = this.#latencies.subarray(0, this.ok).sort();
    const at = (share: number): number => round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0, 3);
    const seconds = (this.lastAt - this.firstAt) / 1000;
    const codes = this.#codes.flatMap((count, code) => (count > 0 ? [[codeText(code), count] as const] : []));
    return {
      sent: this.sent,
      ok: this.ok,
      refused: this.refused,
      lost: this.lost,
      retransmissions: this.retransmissions,
      codes: Object.fromEntries(codes),
      rate: seconds > 0 ? round(this.ok / seconds, 1) : 0,
      seconds: round(seconds, 3),
      p50: at(0.5),
      p90: at(0.9),
      p99: at(0.99),
      max: at(1),
    };
  }
}

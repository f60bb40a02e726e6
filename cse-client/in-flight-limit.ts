/** Requests at once that are tried out; each next to the one before it. */
const RUNGS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1_024] as const;
/** Where it begins: bearable for the slowest CSE, and near enough to what a fast one bears. */
const FIRST = 8;
/**
 * What is tried alternates with what holds, so that a change of the load itself, which comes in between, cancels out. True
 * where the trial has its turn; judged after the first four when it is clear or brings nothing, at the end in any case.
 */
const TURNS = [false, true, true, false, false, true, true, false] as const;
const EARLY = 4;
/** Difference of rates that is clear after the first turns. */
const CLEAR = 0.2;
/** A turn lasts for at least so many milliseconds and answers. */
const TURN = { time: 100, answers: 40 } as const;
/** A turn of the trial ends it as soon as so many answers have come at less than this share of the rate with what holds. */
const HOPELESS = 0.6;
/** Turns in which more than this share of answers met an empty queue say nothing. */
const MOST_IDLE = 0.25;
/**
 * How much more requests at once must bring: twice as many at least 2 % more answers a second. What brings less only
 * lengthens the CSE's own queue, in which nothing can overtake.
 */
const GAIN = 0.03;
/** And how much better than that it must be seen to be: the rates of two numbers that are equally good differ by chance. */
const WORTH = 0.02;
/** Milliseconds between trials when neither more nor fewer are better; doubled from the least to the most. */
const REST = { least: 4_000, most: 60_000 } as const;
/** Milliseconds within which requests without an answer are one failure. */
const TOGETHER = 1_000;
/** The CSE is another than it was: answers take so many times as long, or that much less, as when it came to rest. */
const CHANGED = 2.5;
/** Share of a new answer in the typical time. */
const SMOOTHING = 1 / 32;
/**
 * The event loop is looked at so often, and has no time to spare above this share of it. When answers come within `quick` all
 * the same, in milliseconds, they wait for us rather than in the CSE: more at once then only means more work in each turn of
 * the loop, which makes each piece cheaper, and rates say more of the machine than of the CSE.
 */
const OWN_LOOP = { look: 250, full: 0.9, quick: 20 } as const;

/** What is tried next: one request at a time, which some CSEs are best with by far; on in a direction; the other way. */
type Step = 'lowest' | 'on' | 'back';

interface Tally {
  answers: number;
  time: number;
}

/**
 * How many requests at once suit a CSE: as many as still bring more answers a second, found by trying a neighbouring number
 * in alternation with the present one. Only answers that come while others wait count; without a crowd the number rests.
 */
export class InFlightLimit {
  readonly #rungs: readonly number[];
  #held: number;
  #step: Step = 'lowest';
  #lowestAgainAt = 0;
  #direction: 1 | -1 = 1;
  #stride = 1;
  #rest: number = REST.least;
  #restUntil = 0;
  #typicalAtRest = 0;
  #typical = 0;
  #trial: number | undefined;
  #turn = 0;
  /** Answers still to come that belong to the turn before. */
  #ahead = 0;
  #turnAnswers = 0;
  #turnIdle = 0;
  #turnBegan = 0;
  #lastFailure = Number.NEGATIVE_INFINITY;
  readonly #busy: () => number;
  #lookAt = Number.NEGATIVE_INFINITY;
  #loopIsFull = false;
  readonly #tallies: { held: Tally; trial: Tally } = { held: none(), trial: none() };

  /** Between one and `most`, which is itself tried; `busy`: share of the time since it was last asked that the event loop worked. */
  constructor(most: number, busy: () => number) {
    this.#busy = busy;
    this.#rungs = [...RUNGS.filter((rung) => rung < most), most];
    const first = this.#rungs.findLastIndex((rung) => rung <= FIRST);
    this.#held = first;
  }

  /** Requests at once, now. */
  get current(): number {
    return this.#rungs[this.#isTrial ? (this.#trial as number) : this.#held] as number;
  }

  /** The number that has proved best so far; trials deviate from it. */
  get settled(): number {
    return this.#rungs[this.#held] as number;
  }

  /** Milliseconds that an answer typically takes of late; 0 before the first. */
  get typicalTime(): number {
    return this.#typical;
  }

  /** An answer came after `took` milliseconds; `crowded`: others wait. `now` in monotonic milliseconds. */
  answered(now: number, took: number, crowded: boolean): void {
    this.#typical = this.#typical === 0 ? took : this.#typical + (took - this.#typical) * SMOOTHING;
    if (this.#rungs.length === 1 || (crowded && this.#waitsForUs(now))) return;
    if (this.#trial === undefined) {
      if (crowded && this.#restless(now)) this.#begin(now);
      return;
    }
    if (this.#ahead > 0) {
      this.#ahead -= 1;
      if (this.#ahead === 0) this.#turnBegan = now;
      return;
    }
    this.#turnAnswers += 1;
    if (!crowded) this.#turnIdle += 1;
    if (this.#turnAnswers < TURN.answers) return;
    if (now - this.#turnBegan >= TURN.time) this.#endTurn(now);
    else if (this.#isTrial && this.#isHopeless(now)) {
      this.#trial = undefined;
      this.#judged(now, false);
    }
  }

  /** A request had no answer in time: half as many from now on. `now` in monotonic milliseconds. */
  failed(now: number): void {
    // Those that were on the wire together fail together.
    if (now - this.#lastFailure < TOGETHER) return;
    this.#lastFailure = now;
    const half = this.settled / 2;
    this.#held = Math.max(
      0,
      this.#rungs.findLastIndex((rung) => rung <= half),
    );
    this.#restAt(now);
  }

  /** Nothing is on the wire and nothing waits: what has been counted so far would count the pause, too. */
  idle(): void {
    this.#trial = undefined;
  }

  /** True while not the CSE but our own event loop is the limit; one rung up at each look. */
  #waitsForUs(now: number): boolean {
    if (now >= this.#lookAt) {
      this.#lookAt = now + OWN_LOOP.look;
      this.#loopIsFull = this.#busy() > OWN_LOOP.full;
      if (this.#loopIsFull && this.#typical < OWN_LOOP.quick) {
        this.#held = Math.min(this.#held + 1, this.#rungs.length - 1);
        this.#trial = undefined;
      }
    }
    return this.#loopIsFull && this.#typical < OWN_LOOP.quick;
  }

  get #isTrial(): boolean {
    return this.#trial !== undefined && TURNS[this.#turn] === true;
  }

  /** What waits grows longer with each answer that comes too slowly. */
  #isHopeless(now: number): boolean {
    const { answers, time } = this.#tallies.held;
    return this.#turnAnswers / (now - this.#turnBegan) < (HOPELESS * answers) / time;
  }

  #restless(now: number): boolean {
    if (now >= this.#restUntil) return true;
    const change = this.#typical / this.#typicalAtRest;
    return this.#typicalAtRest > 0 && (change > CHANGED || change < 1 / CHANGED);
  }

  #begin(now: number): void {
    const trial = this.#candidate();
    if (trial === this.#held) {
      this.#judged(now, false);
      return;
    }
    this.#trial = trial;
    this.#turn = 0;
    this.#tallies.held = none();
    this.#tallies.trial = none();
    this.#beginTurn(now);
  }

  #candidate(): number {
    if (this.#step === 'lowest') return 0;
    const there = this.#held + this.#direction * this.#stride;
    return Math.min(this.#rungs.length - 1, Math.max(0, there));
  }

  #beginTurn(now: number): void {
    // Those on the wire were sent with the number before.
    this.#ahead = Math.max(this.settled, this.#rungs[this.#trial as number] as number);
    this.#turnAnswers = 0;
    this.#turnIdle = 0;
    this.#turnBegan = now;
  }

  #endTurn(now: number): void {
    if (this.#turnIdle > this.#turnAnswers * MOST_IDLE) {
      this.#trial = undefined;
      return;
    }
    const tally = this.#isTrial ? this.#tallies.trial : this.#tallies.held;
    tally.answers += this.#turnAnswers;
    tally.time += now - this.#turnBegan;
    this.#turn += 1;
    const gain = this.#gain();
    if (this.#turn === TURNS.length || (this.#turn === EARLY && (gain > CLEAR || gain < 0))) {
      const trial = this.#trial as number;
      this.#trial = undefined;
      const better = gain > WORTH;
      if (better) this.#held = trial;
      this.#judged(now, better);
    } else {
      this.#beginTurn(now);
    }
  }

  /** How much better the trial is than what it must be; positive: worth it. */
  #gain(): number {
    const { held, trial } = this.#tallies;
    const rates = trial.answers / trial.time / (held.answers / held.time);
    const ratio = (this.#rungs[this.#trial as number] as number) / this.settled;
    return rates / ratio ** GAIN - 1;
  }

  #judged(now: number, better: boolean): void {
    if (better && this.#step !== 'lowest') {
      // One step may be chance, two in one direction are none.
      if (this.#stride === 2) this.#rest = REST.least;
      this.#step = 'on';
      this.#stride = 2;
    } else if (this.#step === 'lowest') {
      // It is dear where it is no good, so that it is seldom tried again.
      this.#lowestAgainAt = now + REST.most;
      this.#step = 'on';
      if (better) this.#direction = 1;
    } else if (this.#stride === 2) {
      this.#stride = 1;
    } else if (this.#step === 'on') {
      this.#step = 'back';
      this.#direction = this.#direction === 1 ? -1 : 1;
    } else {
      this.#restAt(now);
      return;
    }
    this.#begin(now);
  }

  #restAt(now: number): void {
    this.#trial = undefined;
    this.#step = now < this.#lowestAgainAt ? 'on' : 'lowest';
    this.#stride = 1;
    this.#restUntil = now + this.#rest;
    this.#rest = Math.min(this.#rest * 2, REST.most);
    this.#typicalAtRest = this.#typical;
  }
}

function none(): Tally {
  return { answers: 0, time: 0 };
}

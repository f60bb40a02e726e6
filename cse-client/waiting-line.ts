import { Chain, type Link } from './chain.ts';

/**
 * Milliseconds by which each priority goes behind the one that is served first. Whoever has waited so much longer goes
 * before it: nothing starves, however much of the more urgent comes.
 */
const HANDICAP = { urgent: 0, high: 500, normal: 1_000, low: 2_000, background: 4_000 } as const;

/** What goes first when not all can go at once, the most urgent first. */
export type Priority = keyof typeof HANDICAP;

/** All priorities in their order. */
export const PRIORITIES = Object.keys(HANDICAP) as readonly Priority[];

/** A place in a line. */
export class Place<T> implements Link<Place<T>> {
  before: Place<T> | undefined;
  after: Place<T> | undefined;
  /** False once it has been taken or given up. */
  held = true;
  readonly item: T;
  /** Monotonic milliseconds. */
  readonly since: number;
  readonly flow: Flow<T>;

  constructor(item: T, since: number, flow: Flow<T>) {
    this.item = item;
    this.since = since;
    this.flow = flow;
  }
}

/** What waits of one flow with one priority, in the order in which it came. */
class Flow<T> implements Link<Flow<T>> {
  before: Flow<T> | undefined;
  after: Flow<T> | undefined;
  readonly places = new Chain<Place<T>>();
  readonly name: string;
  readonly rank: Rank<T>;

  constructor(name: string, rank: Rank<T>) {
    this.name = name;
    this.rank = rank;
  }
}

/** What waits with one priority: its flows take turns. */
class Rank<T> {
  readonly handicap: number;
  readonly flows = new Map<string, Flow<T>>();
  readonly turns = new Chain<Flow<T>>();

  constructor(handicap: number) {
    this.handicap = handicap;
  }

  /** The place whose turn it is. */
  get next(): Place<T> | undefined {
    return this.turns.first?.places.first;
  }

  flow(name: string): Flow<T> {
    const known = this.flows.get(name);
    if (known !== undefined) return known;
    const flow = new Flow<T>(name, this);
    this.flows.set(name, flow);
    this.turns.append(flow);
    return flow;
  }
}

/**
 * What waits for its turn: the most urgent first, among equals one of each flow in turn, within a flow as it came. A waiting
 * piece grows more urgent with its age.
 */
export class WaitingLine<T> {
  readonly #ranks: Readonly<Record<Priority, Rank<T>>>;
  readonly #order: readonly Rank<T>[];
  #size = 0;

  constructor() {
    const ranks = PRIORITIES.map((priority) => [priority, new Rank<T>(HANDICAP[priority])] as const);
    this.#ranks = Object.fromEntries(ranks) as Record<Priority, Rank<T>>;
    this.#order = ranks.map(([, rank]) => rank);
  }

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** Lines up; `now` in monotonic milliseconds. */
  add(item: T, priority: Priority, flow: string, now: number): Place<T> {
    const joined = this.#ranks[priority].flow(flow);
    const place = new Place(item, now, joined);
    joined.places.append(place);
    this.#size += 1;
    return place;
  }

  /** Takes out the one whose turn it is. */
  take(): T | undefined {
    let best: Place<T> | undefined;
    for (const { next, handicap } of this.#order) {
      if (next === undefined) continue;
      if (best === undefined || next.since + handicap < best.since + best.flow.rank.handicap) best = next;
    }
    if (best === undefined) return undefined;
    const { flow } = best;
    this.leave(best);
    if (flow.places.first !== undefined) {
      flow.rank.turns.remove(flow);
      flow.rank.turns.append(flow);
    }
    return best.item;
  }

  /** Gives up a place, unless its turn has come. */
  leave(place: Place<T>): void {
    if (!place.held) return;
    place.held = false;
    const { flow } = place;
    flow.places.remove(place);
    this.#size -= 1;
    if (flow.places.first !== undefined) return;
    flow.rank.flows.delete(flow.name);
    flow.rank.turns.remove(flow);
  }

  /** Takes out all. */
  clear(): T[] {
    const all: T[] = [];
    for (let item = this.take(); item !== undefined; item = this.take()) all.push(item);
    return all;
  }
}

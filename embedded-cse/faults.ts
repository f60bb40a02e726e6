import type { Operation, RequestPrimitive } from '../cse-client/index.ts';

/** Which requests a fault is for; what is not said matches all. */
export interface RequestMatch {
  readonly op?: Operation;
  readonly ty?: number;
  readonly originator?: string;
  /** The address, whole or as an expression. */
  readonly to?: string | RegExp;
}

/** What goes wrong. `after` lets the CSE carry the request out first and then spoils the answer. */
export type FaultKind =
  | { readonly kind: 'delay'; readonly milliseconds: number; readonly after: boolean }
  | { readonly kind: 'refuse'; readonly rsc: number; readonly message: string }
  | { readonly kind: 'drop'; readonly after: boolean }
  | { readonly kind: 'hang'; readonly after: boolean };

/** One fault in force. */
export interface Fault {
  readonly match: RequestMatch;
  readonly fault: FaultKind;
  /** How many requests met it. */
  readonly hits: number;
  cancel(): void;
}

/** How long a fault lasts and when it strikes. */
export interface FaultOptions {
  /** How often it strikes; without it, until it is cancelled. */
  readonly times?: number;
  /** After the request has been carried out, before the answer; not for a refusal. */
  readonly after?: boolean;
}

class ActiveFault implements Fault {
  readonly match: RequestMatch;
  readonly fault: FaultKind;
  readonly #set: Set<ActiveFault>;
  #left: number;
  hits = 0;

  constructor(match: RequestMatch, fault: FaultKind, times: number, set: Set<ActiveFault>) {
    this.match = match;
    this.fault = fault;
    this.#left = times;
    this.#set = set;
    set.add(this);
  }

  strike(): FaultKind {
    this.hits++;
    if (--this.#left <= 0) this.cancel();
    return this.fault;
  }

  cancel(): void {
    this.#set.delete(this);
  }
}

/** Makes the embedded CSE misbehave on demand; only reachable in process. The first fault that matches a request strikes. */
export class Faults {
  readonly #active = new Set<ActiveFault>();
  readonly #forget: () => void;

  constructor(forget: () => void) {
    this.#forget = forget;
  }

  /** Answers come this much later. */
  delay(milliseconds: number, match: RequestMatch = {}, options: FaultOptions = {}): Fault {
    return this.#add(match, { kind: 'delay', milliseconds, after: options.after === true }, options);
  }

  /** Refuses with this response status code, without touching the tree. */
  refuse(rsc: number, match: RequestMatch = {}, options: FaultOptions & { readonly message?: string } = {}): Fault {
    return this.#add(match, { kind: 'refuse', rsc, message: options.message ?? 'injected fault' }, options);
  }

  /** Drops the connection without an answer. */
  drop(match: RequestMatch = {}, options: FaultOptions = {}): Fault {
    return this.#add(match, { kind: 'drop', after: options.after === true }, options);
  }

  /** Never answers; the connection stays open until the CSE stops. */
  hang(match: RequestMatch = {}, options: FaultOptions = {}): Fault {
    return this.#add(match, { kind: 'hang', after: options.after === true }, options);
  }

  /** Forgets every resource, as a CSE without a store does that restarts. */
  forget(): void {
    this.#forget();
  }

  /** Ends all faults. */
  clear(): void {
    this.#active.clear();
  }

  /** The fault that meets this request, counted; undefined in the usual case. */
  strike(request: RequestPrimitive): FaultKind | undefined {
    for (const active of this.#active) if (matches(active.match, request)) return active.strike();
    return undefined;
  }

  #add(match: RequestMatch, fault: FaultKind, options: FaultOptions): Fault {
    return new ActiveFault(match, fault, options.times ?? Number.POSITIVE_INFINITY, this.#active);
  }
}

function matches(match: RequestMatch, request: RequestPrimitive): boolean {
  if (match.op !== undefined && match.op !== request.op) return false;
  if (match.ty !== undefined && match.ty !== request.ty) return false;
  if (match.originator !== undefined && match.originator !== request.fr) return false;
  if (match.to === undefined) return true;
  return typeof match.to === 'string' ? match.to === request.to : match.to.test(request.to);
}

import type { Deadline, Deadlines } from '../coap/deadlines.ts';
import type { CloseReason, EstablishedSession } from './session.ts';

/** How exactly it is known when a session was last heard, ms. */
const TOUCH = 1_000;

/** The established sessions, one for each identity, the one that was silent longest first. */
export class Sessions implements Deadline {
  dueAt = 0;
  place = -1;
  readonly #byKey = new Map<string, EstablishedSession>();
  readonly #deadlines: Deadlines;
  readonly #limit: number;
  readonly #idleTime: number;
  readonly #end: (session: EstablishedSession, why: CloseReason) => void;

  /** `end` is told to close a session and must {@link remove} it. */
  constructor(
    deadlines: Deadlines,
    limits: { sessions: number; idleTime: number },
    end: (session: EstablishedSession, why: CloseReason) => void,
  ) {
    this.#deadlines = deadlines;
    this.#limit = limits.sessions;
    this.#idleTime = limits.idleTime;
    this.#end = end;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** The session of the peer with this key. */
  find(key: string): EstablishedSession | undefined {
    return this.#byKey.get(key);
  }

  /** Adds a session in place of the one of the same identity, which it gives back; too many close the most silent one. */
  add(session: EstablishedSession): EstablishedSession | undefined {
    const { key } = session.peer;
    const previous = this.#byKey.get(key);
    this.#byKey.delete(key);
    if (previous === undefined && this.#byKey.size >= this.#limit) {
      const [mostSilent] = this.#byKey.values();
      if (mostSilent !== undefined) this.#end(mostSilent, 'displaced');
    }
    this.#byKey.set(key, session);
    this.#awaitFirst();
    return previous;
  }

  /** The peer of a session said something that it alone can say. */
  heard(session: EstablishedSession, now: number): void {
    if (now - session.heardAt < TOUCH) return;
    session.heardAt = now;
    const { key } = session.peer;
    if (this.#byKey.get(key) !== session) return;
    this.#byKey.delete(key);
    this.#byKey.set(key, session);
  }

  remove(session: EstablishedSession): void {
    if (this.#byKey.get(session.peer.key) === session) this.#byKey.delete(session.peer.key);
    if (this.#byKey.size === 0) this.#deadlines.cancel(this);
  }

  /** Closes all. */
  stop(): void {
    for (const session of [...this.#byKey.values()]) this.#end(session, 'stopped');
  }

  /** Closes what has been silent too long. */
  due(now: number): void {
    for (const session of this.#byKey.values()) {
      if (session.heardAt + this.#idleTime > now) break;
      this.#end(session, 'idle');
    }
    this.#awaitFirst();
  }

  /** The first may have been heard again since: then {@link due} finds nothing and waits for the next. */
  #awaitFirst(): void {
    if (this.place >= 0) return;
    const [first] = this.#byKey.values();
    if (first !== undefined) this.#deadlines.set(this, first.heardAt + this.#idleTime);
  }
}

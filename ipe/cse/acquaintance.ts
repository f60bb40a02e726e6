import type { Logger } from '../../common/index.ts';
import { type CseClient, DIALECTS, type DialectName } from '../../cse-client/index.ts';
import type { PresenceSettings } from './access.ts';
import type { CsePresence, CseState } from './presence.ts';
import {
  type CseMemory,
  differences,
  isAnother,
  isPlaceOf,
  type RememberedCse,
  recalled,
  remembered,
} from './remembered-cse.ts';

/** What the CSE is known by, over the end of the process: compared with what is found, told where that differs, kept. */
export class CseAcquaintance {
  readonly #client: CseClient;
  readonly #settings: PresenceSettings;
  readonly #presence: CsePresence;
  readonly #logger: Logger;
  readonly #listeners: ((state: CseState) => void)[] = [];
  #memory: CseMemory | undefined;
  /** What the CSE was when it was last found, by this run or an earlier one. */
  #known: RememberedCse | undefined;
  /** An earlier run knew it. */
  #earlier = false;
  #replaced = false;
  #startedFor: DialectName | undefined;

  constructor(client: CseClient, settings: PresenceSettings, presence: CsePresence, logger: Logger) {
    this.#client = client;
    this.#settings = settings;
    this.#presence = presence;
    this.#logger = logger;
  }

  /** True where another CSE has taken the place of the one that the last run, or this one, knew. */
  get replaced(): boolean {
    return this.#replaced;
  }

  /** Why the IPE should be started anew, though it serves: what a start fixes was made for another kind of CSE. */
  get unfit(): string | undefined {
    if (this.#startedFor === undefined) return undefined;
    const { title, name } = this.#presence.state.dialect;
    if (name === this.#startedFor) return undefined;
    return `started for ${DIALECTS[this.#startedFor].title}, and the CSE is ${title} now: start lwm2m-ipe anew`;
  }

  /** Calls back with what the CSE is each time that the IPE has registered there. */
  onFound(listener: (state: CseState) => void): void {
    this.#listeners.push(listener);
  }

  /** Takes up what an earlier run kept, where that was of the same place, and keeps there what is found from now on. */
  open(memory: CseMemory): void {
    this.#memory = memory;
    const known = memory.recall();
    this.#known = known !== undefined && isPlaceOf(known, this.#settings) ? known : undefined;
    this.#earlier = this.#known !== undefined;
  }

  /** True where an earlier run knew the CSE, and nothing that has been seen of it since speaks against that. */
  get holds(): boolean {
    return this.#earlier && this.#known !== undefined && !isAnother(this.#known, this.#presence.seen);
  }

  /** Takes the CSE for what it was; only while it `holds`. */
  assume(): void {
    if (this.#known === undefined) return;
    this.#presence.assume(recalled(this.#client, this.#settings, this.#known));
    this.#startedFor = this.#presence.state.dialect.name;
  }

  /** The IPE has registered at the CSE. */
  found(): void {
    const { state } = this.#presence;
    const before = this.#known;
    const now = remembered(this.#settings, state);
    this.#known = now;
    this.#startedFor ??= now.dialect;
    this.#memory?.keep(now);
    const changed = before === undefined ? [] : differences(before, now);
    if (changed.length > 0) this.#logger.warn('the CSE is not what it was', { changed });
    this.#replaced ||= before !== undefined && isAnother(before, state.cseBase);
    for (const listener of this.#listeners) listener(state);
  }
}

import { errorMessage, type Timer } from '../../common/index.ts';
import { formatTimestamp } from '../../cse-client/index.ts';
import { type OperationState, type Outcome, registrationFields, supersedes } from '../../lwm2m/index.ts';
import {
  type Command,
  type CommandCodec,
  type CommandResponse,
  commandResponse,
  expiredCommand,
  interruptedCommand,
  progress,
  refusedCommand,
} from '../../mappings/index.ts';
import type { Followed } from '../bridge/endpoint-tree.ts';
import type { StoredCommand } from '../store/command-record.ts';
import { within } from '../within.ts';
import { MARKS, type Outbox } from './outbox.ts';
import type { CommandCounters, CommandParts, CommandSettings } from './parts.ts';

/** A command that was read from the CSE. */
export interface TakenCommand {
  /** Name of its responses. */
  readonly key: string;
  readonly command: Command;
  /** creationTime, as the CSE wrote it: what was created earlier goes first, as long as it waits. */
  readonly created: string | undefined;
  /** Told of its final state before the application is; resolves when the CSE shows what that means. Never rejects. */
  readonly ended?: ((response: CommandResponse) => Promise<void>) | undefined;
}

/** What {@link CommandTurns} is made of. */
export interface CommandTurnsParts {
  readonly settings: Pick<CommandSettings, 'expiry' | 'queueExpiry' | 'pending' | 'coalesce'>;
  readonly parts: Pick<CommandParts, 'perform' | 'refusal' | 'availability' | 'keeper' | 'clock' | 'logger'>;
  readonly counters: CommandCounters;
  readonly outbox: Pick<Outbox, 'write' | 'writeOnce' | 'end'>;
  readonly commanded: () => Followed;
  readonly codec: () => CommandCodec;
}

/** A command until it has its final state. */
interface Entry extends TakenCommand {
  /** Milliseconds since 1970. */
  readonly expires: number;
  readonly controller: AbortController;
  timer: Timer | undefined;
  /** A request of it has left for the device. */
  wasSent: boolean;
  /** A later Write took its place. */
  superseded: boolean;
  readonly said: Set<'queued' | 'sent' | 'final'>;
  /** The writing of its states, one after the other; false once one was refused. */
  words: Promise<boolean>;
}

/** Milliseconds that a device which leaves waits for the last words on its commands. */
const LAST_WORDS = 2_000;

/** The commands of one device take turns: in the order in which they were taken, each with exactly one final state. */
export class CommandTurns {
  readonly #parts: CommandTurnsParts;
  readonly #waiting: Entry[] = [];
  #current: Entry | undefined;
  #ended = false;

  constructor(parts: CommandTurnsParts) {
    this.#parts = parts;
  }

  /** True while the command of these responses waits or is carried out. */
  has(key: string): boolean {
    return this.#current?.key === key || this.#waiting.some((entry) => entry.key === key);
  }

  /** Commands that wait or are carried out. */
  get size(): number {
    return this.#waiting.length + (this.#current === undefined ? 0 : 1);
  }

  /** Says of a command in the log what has become of it. */
  tell(what: string, { id, asked }: Command, state?: CommandResponse['state']): void {
    const type = 'operation' in asked ? asked.operation.type : undefined;
    const fields = registrationFields(this.#parts.commanded().registration);
    this.#parts.parts.logger.debug(what, { ...fields, command: id, type, state });
  }

  /** Takes a command, to its place in the line; where too many wait it fails at once. */
  take(taken: TakenCommand): void {
    const { settings } = this.#parts;
    const entry = this.#entry(taken);
    if (this.#waiting.length >= settings.pending) {
      this.#finishBeside(entry, refusedCommand(taken.command, 'too many commands wait', this.#now(), true));
      return;
    }
    if (settings.coalesce) this.#supersede(entry);
    if (this.#current !== undefined) this.#queued(entry);
    this.#waiting.splice(this.#placeOf(entry), 0, entry);
    this.#watchExpiry(entry);
    if (this.#current === undefined) this.#next();
  }

  /** Ends a command of which an earlier life of the bridge left that it was sent. */
  interrupted(taken: TakenCommand): void {
    this.#finishBeside(this.#entry(taken), interruptedCommand(taken.command, this.#now()));
  }

  /** The device leaves: every command gets its last word, if the CSE takes it soon. */
  async leave(): Promise<void> {
    const unfinished = [...(this.#current === undefined ? [] : [this.#current]), ...this.#waiting];
    await this.#end(unfinished, { kind: 'gone' });
  }

  /** The bridge stops: what has been sent gets a last word; what has not is carried out after the next start. */
  async stop(): Promise<void> {
    const current = this.#current;
    const sent = current?.wasSent || current?.said.has('sent');
    await this.#end(current === undefined || !sent ? [] : [current], { kind: 'cancelled' });
  }

  async #end(entries: readonly Entry[], outcome: Outcome): Promise<void> {
    this.#ended = true;
    const { outbox, parts } = this.#parts;
    outbox.end();
    for (const { timer } of this.#waiting.splice(0)) timer?.cancel();
    const words = entries.filter(({ said }) => !said.has('final'));
    for (const { said } of words) said.add('final');
    this.#current?.controller.abort();
    const { availability, clock } = parts;
    const last = words.map((entry) => ({ entry, response: this.#response(entry, outcome) }));
    for (const { entry, response } of last) this.#keep(entry, 'final', response);
    if (words.length === 0 || availability.away !== undefined) return;
    const written = last.map(async ({ entry, response }) => {
      this.#count(response);
      await entry.words;
      await outbox.writeOnce(entry.key, MARKS.final, response);
      this.#settled(entry);
    });
    await within(Promise.allSettled(written), LAST_WORDS, clock);
  }

  /** What says nothing of its expiration waits longer for a device that may sleep. */
  #entry(taken: TakenCommand): Entry {
    const { settings, parts, commanded } = this.#parts;
    const { queueMode } = commanded().registration;
    const expiry = queueMode ? settings.queueExpiry : settings.expiry;
    return {
      ...taken,
      expires: taken.command.expires ?? parts.clock.wall() + expiry,
      controller: new AbortController(),
      timer: undefined,
      wasSent: false,
      superseded: false,
      said: new Set(),
      words: Promise.resolve(true),
    };
  }

  /** CSEs tell of what was created in any order; their times have one form, so that the texts compare. */
  #placeOf({ created }: Entry): number {
    if (created === undefined) return this.#waiting.length;
    const later = this.#waiting.findIndex((other) => other.created !== undefined && other.created > created);
    return later < 0 ? this.#waiting.length : later;
  }

  /** Ends the Writes that a later one leaves nothing of, as long as they have not been sent. */
  #supersede(later: Entry): void {
    const isSuperseded = ({ command: { asked } }: Entry) =>
      'operation' in asked &&
      'operation' in later.command.asked &&
      supersedes(later.command.asked.operation, asked.operation);
    for (const entry of this.#waiting.filter(isSuperseded)) {
      this.#waiting.splice(this.#waiting.indexOf(entry), 1);
      entry.timer?.cancel();
      this.#finishBeside(entry, this.#response(entry, { kind: 'superseded' }));
    }
    const current = this.#current;
    if (current === undefined || current.said.has('sent') || !isSuperseded(current)) return;
    current.superseded = true;
    current.controller.abort();
  }

  /** Timers reach only so far; one that comes too early is set again. */
  #watchExpiry(entry: Entry): void {
    const { clock } = this.#parts.parts;
    const left = entry.expires - clock.wall();
    if (left <= 0) return;
    entry.timer = clock.timer(left, () => {
      const place = this.#waiting.indexOf(entry);
      if (place < 0) return;
      if (clock.wall() < entry.expires) return this.#watchExpiry(entry);
      this.#waiting.splice(place, 1);
      this.#finishBeside(entry, expiredCommand(entry.command, this.#now()));
    });
  }

  #next(): void {
    const entry = this.#ended ? undefined : this.#waiting.shift();
    this.#current = entry;
    if (entry === undefined) return;
    entry.timer?.cancel();
    this.#carryOut(entry)
      .catch((error: unknown) => this.#broken(entry, error))
      .finally(() => this.#next());
  }

  async #carryOut(entry: Entry): Promise<void> {
    const { command, controller } = entry;
    const { clock, perform, refusal } = this.#parts.parts;
    const { asked } = command;
    if ('reason' in asked) return this.#finish(entry, refusedCommand(command, asked.reason, this.#now()));
    if (clock.wall() >= entry.expires) return this.#finish(entry, expiredCommand(command, this.#now()));
    const { endpoint, queueMode } = this.#parts.commanded().registration;
    const reason = refusal?.(endpoint, asked.operation);
    if (reason !== undefined) return this.#finish(entry, refusedCommand(command, reason, this.#now()));
    // Where nothing can come between it is written down before it is sent, so that nothing is carried out twice.
    if (!queueMode && !(await this.#say(entry, 'sent'))) {
      return this.#finish(entry, refusedCommand(command, 'the CSE refuses its responses', this.#now(), true));
    }
    const deadline = entry.expires - clock.wall();
    if (this.#ended) return;
    if (deadline <= 0) return this.#finish(entry, expiredCommand(command, this.#now()));
    const outcome = await perform(endpoint, asked.operation, {
      deadline,
      signal: controller.signal,
      onState: (state) => this.#entered(entry, state),
    });
    await this.#finish(entry, this.#response(entry, entry.superseded ? { kind: 'superseded' } : outcome));
  }

  /** What was sent without an answer and waits to be sent again has been sent all the same. */
  #entered(entry: Entry, state: OperationState): void {
    if (entry.wasSent) return;
    if (state === 'queued') {
      this.#queued(entry);
      return;
    }
    entry.wasSent = true;
    // The CSE may be away for long, and what has left must not leave again.
    if (!entry.said.has('sent')) this.#keep(entry, 'sent', interruptedCommand(entry.command, this.#now()));
    void this.#say(entry, 'sent');
  }

  #queued(entry: Entry): void {
    if (entry.said.has('queued') || entry.said.has('sent')) return;
    void this.#say(entry, 'queued');
  }

  #keep({ key }: Entry, state: StoredCommand['state'], response: CommandResponse): void {
    const { endpoint } = this.#parts.commanded().registration;
    this.#parts.parts.keeper?.kept({ endpoint, key, state, response });
  }

  #settled({ key }: Entry): void {
    this.#parts.parts.keeper?.settled(this.#parts.commanded().registration.endpoint, key);
  }

  /** As `#finish`, but nothing waits until the CSE has taken it. */
  #finishBeside(entry: Entry, response: CommandResponse): void {
    this.#finish(entry, response).catch((error: unknown) => this.#broken(entry, error));
  }

  async #finish(entry: Entry, response: CommandResponse): Promise<void> {
    if (entry.said.has('final')) return;
    entry.said.add('final');
    this.#count(response);
    this.tell('a command has ended', entry.command, response.state);
    this.#keep(entry, 'final', response);
    await entry.ended?.(response);
    const written = await this.#write(entry, 'final', response);
    if (written || !this.#ended) this.#settled(entry);
  }

  /** True when the CSE has it, or had it before. */
  #say(entry: Entry, state: 'queued' | 'sent'): Promise<boolean> {
    if (entry.said.has(state)) return entry.words;
    entry.said.add(state);
    return this.#write(entry, state, progress(entry.command, state, this.#now()));
  }

  /** The states of a command stand on the CSE in their order. */
  #write(entry: Entry, mark: 'queued' | 'sent' | 'final', response: CommandResponse): Promise<boolean> {
    entry.words = entry.words
      .then(() => this.#parts.outbox.write(entry.key, MARKS[mark], response))
      .catch((error: unknown) => {
        this.#broken(entry, error);
        return false;
      });
    return entry.words;
  }

  #broken({ command }: Entry, error: unknown): void {
    const fields = registrationFields(this.#parts.commanded().registration);
    const reason = errorMessage(error);
    this.#parts.parts.logger.error('a command failed', { ...fields, command: command.id, reason });
  }

  #response({ command, wasSent }: Entry, outcome: Outcome): CommandResponse {
    const { asked } = command;
    if ('reason' in asked) return refusedCommand(command, asked.reason, this.#now());
    return commandResponse(command, asked.operation, outcome, wasSent, this.#parts.codec(), this.#now());
  }

  #count({ state }: CommandResponse): void {
    if (state === 'done' || state === 'failed' || state === 'expired') this.#parts.counters[state] += 1;
  }

  #now(): string {
    return formatTimestamp(this.#parts.parts.clock.wall());
  }
}

import { errorMessage, IpeError, type Timer } from '../../common/index.ts';
import { type ContentInstance, formatTimestamp, parseTimestamp } from '../../cse-client/index.ts';
import { formatPath, type Outcome, type Path, parsePath, valueFromJson, valueToJson } from '../../lwm2m/index.ts';
import {
  type Command,
  type CommandCodec,
  type CommandResponse,
  commandResponse,
  expiredCommand,
  interruptedCommand,
  progress,
  readCommand,
  refusedCommand,
} from '../../mappings/index.ts';
import { isRefused } from '../cse/access.ts';
import type { Lanes } from '../lanes.ts';
import type { CommandPolicies } from './command-policies.ts';
import { CommandResources } from './command-resources.ts';
import { listChildren, retrieveInOrder } from './inbox.ts';
import { MARKS, Outbox, requestKey, responseName, within } from './outbox.ts';
import type { CommandCounters, Commanded, CommandParts, CommandSettings } from './parts.ts';

/** What the commands of all devices share. */
export interface CommandShares {
  readonly settings: CommandSettings;
  readonly parts: CommandParts;
  readonly counters: CommandCounters;
  readonly policies: CommandPolicies;
  /** Devices whose requests are read at once. */
  readonly reading: Lanes;
  /** Responses on their way to the CSE. */
  readonly writing: Lanes;
}

/** A request that has been taken, until it has its final state. */
interface Entry {
  readonly key: string;
  readonly command: Command;
  /** Milliseconds since 1970. */
  readonly expires: number;
  timer: Timer | undefined;
  final: boolean;
}

/** Milliseconds that a device which leaves waits for the last words on its commands. */
const LAST_WORDS = 2_000;

/** The commands of one device: read from the CSE in the order of their creation, carried out one by one, each once. */
export class DeviceCommands {
  readonly resources: CommandResources;
  readonly #shares: CommandShares;
  readonly #outbox: Outbox;
  readonly #controller = new AbortController();
  #commanded: Commanded;
  #made = false;
  /** Addresses of the requests that have been taken and still stand on the CSE. */
  readonly #seen = new Set<string>();
  /** Names of the responses of an earlier life. */
  #answered: ReadonlySet<string> = new Set();
  readonly #waiting: Entry[] = [];
  #current: Entry | undefined;
  #looking: Promise<void> | undefined;
  #again = false;

  constructor(shares: CommandShares, commanded: Commanded) {
    this.#shares = shares;
    this.#commanded = commanded;
    const { settings, parts, counters, policies, writing } = shares;
    this.resources = new CommandResources(
      settings,
      parts,
      counters,
      policies,
      () => this.#commanded,
      () => void this.look(),
    );
    this.#outbox = new Outbox(
      parts,
      counters,
      writing,
      () => this.resources.responses,
      () => this.resources.make(),
    );
  }

  /** The bridge has brought the tree to what a Register or an Update wants. */
  follow(commanded: Commanded): void {
    if (commanded.tree.incarnation !== this.#commanded.tree.incarnation) this.#made = false;
    this.#commanded = commanded;
  }

  /** Reads what has not been read yet, after the reading that is under way. Never rejects. */
  look(): Promise<void> {
    this.#again = true;
    this.#looking ??= this.#lookAgain().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** The CSE answers again. */
  resume(): void {
    this.#outbox.hurry();
    void this.look();
  }

  /** The device leaves: every command gets its last word, if the CSE takes it soon. */
  async leave(): Promise<void> {
    const unfinished = [...(this.#current === undefined ? [] : [this.#current]), ...this.#waiting];
    await this.#end(unfinished, { kind: 'gone' });
  }

  /** The bridge stops: what has been sent gets a last word; what has not is carried out after the next start. */
  async stop(): Promise<void> {
    await this.#end(this.#current === undefined ? [] : [this.#current], { kind: 'cancelled' });
  }

  async #end(entries: readonly Entry[], outcome: Outcome): Promise<void> {
    this.#outbox.end();
    this.resources.end();
    for (const { timer } of this.#waiting.splice(0)) timer?.cancel();
    const words = entries.filter(({ final }) => !final);
    for (const entry of words) entry.final = true;
    this.#controller.abort();
    const { availability, clock } = this.#shares.parts;
    if (words.length === 0 || availability.away !== undefined) return;
    const written = words.map((entry) => {
      const response = this.#response(entry.command, outcome);
      this.#count(response);
      return this.#outbox.writeOnce(entry.key, MARKS.final, response);
    });
    await within(Promise.allSettled(written), LAST_WORDS, clock);
  }

  get #ended(): boolean {
    return this.#controller.signal.aborted;
  }

  async #lookAgain(): Promise<void> {
    while (this.#again && !this.#ended && this.#shares.parts.availability.away === undefined) {
      this.#again = false;
      await this.#shares.reading.run(() => this.#lookOnce());
    }
  }

  async #lookOnce(): Promise<void> {
    const { availability, presence, logger } = this.#shares.parts;
    const { generation } = presence;
    try {
      await this.#read().catch(async (error: unknown) => {
        if (!isRefused(error, 4004) || this.#ended) throw error;
        this.#made = false;
        await this.#read();
      });
    } catch (error) {
      availability.failed(error);
      const { endpoint } = this.#commanded.registration;
      const level = error instanceof IpeError ? 'debug' : 'error';
      logger[level]('requests cannot be read now', { endpoint, reason: errorMessage(error) });
      if (isRefused(error, 4000, 4102, 4103, 4107)) await presence.restore(generation).catch(() => false);
    }
  }

  async #read(): Promise<void> {
    const { client } = this.#shares.parts;
    const { resources } = this;
    if (!this.#made) await this.#make();
    let listing = await listChildren(client, resources.requests);
    if (!listing.subscriptions.some((reference) => resources.isSubscription(reference))) {
      await resources.subscribe();
      // What came in between has been told to nobody.
      listing = await listChildren(client, resources.requests);
    }
    const { instances } = listing;
    const unseen = instances.filter(({ value }) => !this.#seen.has(value));
    const listed = new Set(instances.map(({ value }) => value));
    for (const value of this.#seen) if (!listed.has(value)) this.#seen.delete(value);
    for (const { reference, instance } of await retrieveInOrder(client, unseen)) {
      if (this.#ended) return;
      this.#seen.add(reference.value);
      await this.#take(instance);
    }
  }

  async #make(): Promise<void> {
    const existed = await this.resources.make();
    const { instances } = existed ? await listChildren(this.#shares.parts.client, this.resources.responses) : NOTHING;
    this.#answered = new Set(instances.map(({ name }) => name));
    this.#made = true;
  }

  async #take(instance: ContentInstance): Promise<void> {
    const { settings, parts, counters } = this.#shares;
    const key = requestKey(instance.ri);
    const known = this.#current?.key === key || this.#waiting.some((entry) => entry.key === key);
    if (known || this.#answered.has(responseName(key, MARKS.final))) return;
    counters.taken += 1;
    const command = readCommand(instance.con, instance.ri, this.#codec());
    const expires = command.expires ?? parts.clock.wall() + settings.expiry;
    const entry: Entry = { key, command, expires, timer: undefined, final: false };
    if (this.#answered.has(responseName(key, MARKS.sent))) {
      this.#finishBeside(entry, interruptedCommand(command, this.#now()));
    } else if (this.#waiting.length >= settings.pending) {
      this.#finishBeside(entry, refusedCommand(command, 'too many commands wait', this.#now(), true));
    } else await this.#enqueue(entry);
  }

  async #enqueue(entry: Entry): Promise<void> {
    if (this.#current !== undefined) {
      const response = progress(entry.command, 'queued', this.#now());
      // Tried once, for it holds up the reading.
      await this.#outbox.writeOnce(entry.key, MARKS.queued, response).catch((error: unknown) => {
        this.#shares.parts.availability.failed(error);
      });
      if (this.#ended) return;
    }
    this.#waiting.push(entry);
    this.#watchExpiry(entry);
    if (this.#current === undefined) this.#next();
  }

  /** Timers reach only so far; one that comes too early is set again. */
  #watchExpiry(entry: Entry): void {
    const { clock } = this.#shares.parts;
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

  /** That it is sent is written down before it is, so that nothing is carried out twice, whatever happens between. */
  async #carryOut(entry: Entry): Promise<void> {
    const { command, key, expires } = entry;
    const { clock, perform } = this.#shares.parts;
    const { asked } = command;
    if ('reason' in asked) return this.#finish(entry, refusedCommand(command, asked.reason, this.#now()));
    if (clock.wall() >= expires) return this.#finish(entry, expiredCommand(command, this.#now()));
    if (!(await this.#outbox.write(key, MARKS.sent, progress(command, 'sent', this.#now()))) || this.#ended) return;
    const deadline = expires - clock.wall();
    if (deadline <= 0) return this.#finish(entry, expiredCommand(command, this.#now()));
    const { endpoint } = this.#commanded.registration;
    const outcome = await perform(endpoint, asked.operation, { deadline, signal: this.#controller.signal });
    await this.#finish(entry, this.#response(command, outcome));
  }

  /** As `#finish`, but nothing waits until the CSE has taken it. */
  #finishBeside(entry: Entry, response: CommandResponse): void {
    this.#finish(entry, response).catch((error: unknown) => this.#broken(entry, error));
  }

  #broken({ command }: Entry, error: unknown): void {
    const { endpoint } = this.#commanded.registration;
    this.#shares.parts.logger.error('a command failed', { endpoint, request: command.id, error: errorMessage(error) });
  }

  async #finish(entry: Entry, response: CommandResponse): Promise<void> {
    if (entry.final) return;
    entry.final = true;
    this.#count(response);
    await this.#outbox.write(entry.key, MARKS.final, response);
  }

  #response(command: Command, outcome: Outcome): CommandResponse {
    const { asked } = command;
    if ('reason' in asked) return refusedCommand(command, asked.reason, this.#now());
    return commandResponse(command, asked.operation, outcome, this.#codec(), this.#now());
  }

  #count({ state }: CommandResponse): void {
    if (state === 'done' || state === 'failed' || state === 'expired') this.#shares.counters[state] += 1;
  }

  #now(): string {
    return formatTimestamp(this.#shares.parts.clock.wall());
  }

  #codec(): CommandCodec {
    const { objectLinks, version } = this.#commanded.registration;
    const models = this.#shares.parts.models();
    const definition = ({ objectId, resourceId }: Path) => {
      const listed = objectLinks.links.find((link) => link.objectId === objectId)?.version;
      return resourceId === undefined ? undefined : models.find(objectId, listed, version)?.resources.get(resourceId);
    };
    return {
      parsePath,
      formatPath,
      toValue: (path, json) => valueFromJson(definition(path), json),
      toJson: (path, value) => valueToJson(definition(path), value),
      parseTime: parseTimestamp,
    };
  }
}

const NOTHING = { instances: [] } as const;

import { errorMessage, IpeError } from '../../common/index.ts';
import { type ContentInstance, parseTimestamp } from '../../cse-client/index.ts';
import { formatPath, type Path, parsePath, valueFromJson, valueToJson } from '../../lwm2m/index.ts';
import { type CommandCodec, readCommand } from '../../mappings/index.ts';
import { isRefused } from '../cse/access.ts';
import type { Lanes } from '../lanes.ts';
import type { CommandPolicies } from './command-policies.ts';
import { CommandResources } from './command-resources.ts';
import { CommandTurns } from './command-turns.ts';
import { listChildren, retrieveInOrder } from './inbox.ts';
import { MARKS, Outbox, requestKey, responseName } from './outbox.ts';
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

/** The commands of one device: read from the CSE in the order of their creation, carried out one by one, each once. */
export class DeviceCommands {
  readonly resources: CommandResources;
  readonly #shares: CommandShares;
  readonly #outbox: Outbox;
  readonly #turns: CommandTurns;
  #ended = false;
  #commanded: Commanded;
  #made = false;
  /** Addresses of the requests that have been taken and still stand on the CSE. */
  readonly #seen = new Set<string>();
  /** Names of the responses of an earlier life. */
  #answered: ReadonlySet<string> = new Set();
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
    this.#turns = new CommandTurns({
      settings,
      parts,
      counters,
      outbox: this.#outbox,
      commanded: () => this.#commanded,
      codec: () => this.#codec(),
    });
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
    this.#end();
    await this.#turns.leave();
  }

  /** The bridge stops: what has been sent gets a last word; what has not is carried out after the next start. */
  async stop(): Promise<void> {
    this.#end();
    await this.#turns.stop();
  }

  #end(): void {
    this.#ended = true;
    this.resources.end();
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
      this.#take(instance);
    }
  }

  async #make(): Promise<void> {
    const existed = await this.resources.make();
    const { instances } = existed ? await listChildren(this.#shares.parts.client, this.resources.responses) : NOTHING;
    this.#answered = new Set(instances.map(({ name }) => name));
    this.#made = true;
  }

  #take(instance: ContentInstance): void {
    const key = requestKey(instance.ri);
    if (this.#turns.has(key) || this.#answered.has(responseName(key, MARKS.final))) return;
    this.#shares.counters.taken += 1;
    const command = readCommand(instance.con, instance.ri, this.#codec());
    if (this.#answered.has(responseName(key, MARKS.sent))) this.#turns.interrupted({ key, command });
    else this.#turns.take({ key, command });
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

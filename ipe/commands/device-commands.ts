import { errorMessage, IpeError } from '../../common/index.ts';
import { type ContentInstance, type CseClient, parseTimestamp } from '../../cse-client/index.ts';
import {
  decodeContent,
  formatPath,
  type ObjectDefinition,
  type Path,
  parsePath,
  registrationFields,
  registrationMark,
  valueFromJson,
  valueToJson,
} from '../../lwm2m/index.ts';
import { type Command, type DirectCommandCodec, type InstancePath, readCommand } from '../../mappings/index.ts';
import type { Followed } from '../bridge/endpoint-tree.ts';
import { isPresenceLost, isRefused } from '../cse/refusals.ts';
import type { Lanes } from '../lanes.ts';
import type { StoredCommand } from '../store/command-record.ts';
import { CommandResources } from './command-resources.ts';
import { CommandTurns, type TakenCommand } from './command-turns.ts';
import { DirectCommands } from './direct-commands.ts';
import { listChildren, retrieveInOrder } from './inbox.ts';
import { MARKS, Outbox, requestKey, responseName } from './outbox.ts';
import type { CommandCounters, CommandParts, CommandSettings } from './parts.ts';

/** What the commands of all devices share. */
export interface CommandShares {
  readonly settings: CommandSettings;
  readonly parts: CommandParts;
  readonly counters: CommandCounters;
  /** Devices whose requests are read at once. */
  readonly reading: Lanes;
  /** Responses on their way to the CSE. */
  readonly writing: Lanes;
}

/** The commands of one device: read from the CSE in the order of their creation, carried out one by one, each once. */
export class DeviceCommands {
  readonly resources: CommandResources;
  readonly #shares: CommandShares;
  /** The CSE, asked on behalf of this device. */
  readonly #client: CseClient;
  readonly #outbox: Outbox;
  readonly #turns: CommandTurns;
  #ended = false;
  #commanded: Followed;
  readonly #direct: DirectCommands;
  #made: Promise<void> | undefined;
  /** Addresses of the requests that have been taken and still stand on the CSE. */
  readonly #seen = new Set<string>();
  /** Names of the responses of an earlier life. */
  #answered: ReadonlySet<string> = new Set();
  /** What an earlier run has left of commands is taken up. */
  #taken = false;
  #looking: Promise<void> | undefined;
  #again = false;

  constructor(shares: CommandShares, commanded: Followed) {
    this.#shares = shares;
    this.#commanded = commanded;
    const { settings, counters, writing } = shares;
    this.#client = shares.parts.client.correlated(() => registrationMark(this.#commanded.registration.id));
    const parts = { ...shares.parts, client: this.#client };
    this.resources = new CommandResources(
      settings,
      parts,
      counters,
      () => this.#commanded,
      () => void this.look(),
    );
    this.#outbox = new Outbox(
      parts,
      counters,
      writing,
      () => this.resources.responses,
      () => this.resources.make(),
      () => this.#commanded.registration,
    );
    this.#turns = new CommandTurns({
      settings,
      parts,
      counters,
      outbox: this.#outbox,
      commanded: () => this.#commanded,
      codec: () => this.#codec(),
    });
    this.#direct = new DirectCommands({
      settings,
      parts,
      counters,
      lanes: shares.reading,
      registration: () => this.#commanded.registration,
      turns: this.#turns,
      ae: () => this.resources.ae,
      responses: () => this.resources.responses,
      definitionOf: ({ objectId }) => this.#definitionOf(objectId),
      codec: () => this.#codec(),
      answered: async () => {
        await this.#ensureMade();
        return this.#answered;
      },
    });
  }

  /** The bridge has brought the tree to what a Register or an Update wants. */
  follow(commanded: Followed): void {
    if (commanded.tree.incarnation !== this.#commanded.tree.incarnation) this.#made = undefined;
    this.#commanded = commanded;
  }

  /** Commands that have no final state yet. */
  get waiting(): number {
    return this.#turns.size;
  }

  /** Reads what has not been read yet, after the reading that is under way. Never rejects. */
  look(): Promise<void> {
    this.#again = true;
    this.#looking ??= this.#lookAgain().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** A container of values stands on the CSE. */
  containerMade(path: InstancePath, container: string, existing: boolean): void {
    if (!this.#ended) this.#direct.made(path, container, existing);
  }

  /** A container of values and all below it is gone; all of them without one. */
  containerGone(container?: string): void {
    this.#direct.containers.gone(container);
  }

  /** Looks for direct commands that no notification told of. Never rejects. */
  lookForDirect(): Promise<void> {
    return this.#direct.containers.look();
  }

  /** The CSE answers again. */
  resume(): void {
    this.#outbox.hurry();
    void this.look();
    void this.lookForDirect();
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
    this.#direct.containers.end();
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
        this.#made = undefined;
        await this.#read();
      });
    } catch (error) {
      availability.failed(error);
      const level = error instanceof IpeError ? 'debug' : 'error';
      const fields = registrationFields(this.#commanded.registration);
      logger[level]('requests cannot be read now', { ...fields, reason: errorMessage(error) });
      if (isPresenceLost(error)) await presence.restore(generation).catch(() => false);
    }
  }

  async #read(): Promise<void> {
    const { resources } = this;
    await this.#ensureMade();
    let listing = await listChildren(this.#client, resources.requests);
    if (!listing.subscriptions.some((reference) => resources.isSubscription(reference))) {
      await resources.subscribe();
      // What came in between has been told to nobody.
      listing = await listChildren(this.#client, resources.requests);
    }
    const { instances } = listing;
    const unseen = instances.filter(({ value }) => !this.#seen.has(value));
    const listed = new Set(instances.map(({ value }) => value));
    for (const value of this.#seen) if (!listed.has(value)) this.#seen.delete(value);
    for (const { reference, instance } of await retrieveInOrder(this.#client, unseen)) {
      if (this.#ended) return;
      this.#seen.add(reference.value);
      this.#take(instance);
    }
  }

  #ensureMade(): Promise<void> {
    if (this.#made !== undefined) return this.#made;
    const made = this.#make();
    this.#made = made;
    made.catch(() => {
      if (this.#made === made) this.#made = undefined;
    });
    return made;
  }

  async #make(): Promise<void> {
    const existed = await this.resources.make();
    const { instances } = existed ? await listChildren(this.#client, this.resources.responses) : NOTHING;
    const left = this.#shares.parts.keeper?.left(this.#commanded.registration.endpoint) ?? [];
    const names = left.map(({ key, state }) => responseName(key, MARKS[state]));
    this.#answered = new Set([...instances.map(({ name }) => name), ...names]);
    if (!this.#taken) for (const command of left) void this.#tellLeft(command);
    this.#taken = true;
  }

  /** What an earlier run could not tell the CSE; a name that is taken says that somebody did. */
  async #tellLeft({ endpoint, key, response }: StoredCommand): Promise<void> {
    const written = await this.#outbox.write(key, MARKS.final, response).catch(() => false);
    if (written || !this.#ended) this.#shares.parts.keeper?.settled(endpoint, key);
  }

  #take(instance: ContentInstance): void {
    const key = requestKey(instance.ri);
    if (this.#turns.has(key) || this.#answered.has(responseName(key, MARKS.final))) return;
    this.#shares.counters.taken += 1;
    const command = readCommand(instance.con, instance.ri, this.#codec());
    this.#turns.tell('a command was read', command);
    const taken = { key, command, created: instance.ct, ended: this.#confirm(command) };
    if (this.#answered.has(responseName(key, MARKS.sent))) this.#turns.interrupted(taken);
    else this.#turns.take(taken);
  }

  /** What the device has taken is its new value, whether or not it reports that. */
  #confirm({ asked }: Command): TakenCommand['ended'] {
    if (!('operation' in asked)) return undefined;
    const { operation } = asked;
    if (operation.type !== 'write' && operation.type !== 'write-composite') return undefined;
    return async ({ state }) => {
      if (state === 'done') this.#shares.parts.values.written(this.#commanded.registration.endpoint, operation.nodes);
    };
  }

  #definitionOf(objectId: number): ObjectDefinition | undefined {
    const { objectLinks, version } = this.#commanded.registration;
    const listed = objectLinks.links.find((link) => link.objectId === objectId)?.version;
    return this.#shares.parts.models().find(objectId, listed, version);
  }

  #codec(): DirectCommandCodec {
    const { rootPath } = this.#commanded.registration.objectLinks;
    const resourceOf = ({ objectId, resourceId }: Path) =>
      resourceId === undefined ? undefined : this.#definitionOf(objectId)?.resources.get(resourceId);
    return {
      parsePath,
      formatPath,
      toValue: (path, json) => valueFromJson(resourceOf(path), json),
      toJson: (path, value) => valueToJson(resourceOf(path), value),
      parseTime: parseTimestamp,
      decode: ({ format, payload }, base) =>
        decodeContent(format, payload, { base, rootPath, find: (objectId) => this.#definitionOf(objectId) }),
    };
  }
}

const NOTHING = { instances: [] } as const;

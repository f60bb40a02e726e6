import { errorMessage } from '../../common/index.ts';
import { type ContentInstance, ResourceType } from '../../cse-client/index.ts';
import { type ObjectDefinition, type Registration, registrationFields } from '../../lwm2m/index.ts';
import {
  type Command,
  type DirectCommandCodec,
  directCommandKind,
  type InstancePath,
  readDirectCommand,
} from '../../mappings/index.ts';
import { isRefused } from '../cse/refusals.ts';
import type { Lanes } from '../lanes.ts';
import { within } from '../within.ts';
import type { CommandTurns, TakenCommand } from './command-turns.ts';
import { type DirectContainer, DirectContainers } from './direct-containers.ts';
import { MARKS, type Mark, requestKey, responseName } from './outbox.ts';
import type { CommandCounters, CommandParts, CommandSettings } from './parts.ts';

/** What {@link DirectCommands} is made of. */
export interface DirectCommandsParts {
  readonly settings: CommandSettings;
  readonly parts: CommandParts;
  readonly counters: CommandCounters;
  readonly lanes: Lanes;
  readonly registration: () => Registration;
  readonly turns: CommandTurns;
  /** Address of the endpoint's AE. */
  readonly ae: () => string;
  /** Address of `responses`. */
  readonly responses: () => string;
  readonly definitionOf: (path: InstancePath) => ObjectDefinition | undefined;
  readonly codec: () => DirectCommandCodec;
  /** Names of the responses that an earlier life of the bridge has left; `responses` is there then. Rejects with CseError. */
  readonly answered: () => Promise<ReadonlySet<string>>;
}

/** What `responses` can no longer tell of. */
interface Reach {
  /** creationTime; what is older has no response any more, or never had one. */
  readonly from: string;
  /** How such a command is taken: it had its final state, or nobody knows. */
  readonly mark: Mark;
}

/**
 * Milliseconds that the copy may show what the device has not confirmed, and that a final state waits for the confirmed
 * value: as long as CoAP waits for an acknowledgement (ACK_TIMEOUT, RFC 7252 4.8).
 */
const PATIENCE = 2_000;

/**
 * Commands of one device by contentInstances in the containers of its resources (TS-0014 6.4.1, 8.2): in a writable one a
 * Write, in an executable one an Execute, in that of an encapsulated instance a Write of the instance.
 */
export class DirectCommands {
  readonly containers: DirectContainers;
  readonly #parts: DirectCommandsParts;

  constructor(parts: DirectCommandsParts) {
    this.#parts = parts;
    this.containers = new DirectContainers({ ...parts, found: (...found) => this.#found(...found) });
  }

  /** A container of values stands on the CSE. */
  made(path: InstancePath, name: string, existing: boolean): void {
    const kind = directCommandKind(path, this.#parts.definitionOf(path));
    if (kind !== undefined) this.containers.made({ name, path, kind, existing });
  }

  async #found(container: DirectContainer, instances: readonly ContentInstance[], listed: boolean): Promise<void> {
    const answered = await this.#parts.answered();
    const reach = listed && container.existing && instances.length > 0 ? await this.#reach() : undefined;
    const taken: (() => void)[] = [];
    for (const instance of instances) {
      const key = requestKey(instance.ri);
      if (this.#parts.turns.has(key)) continue;
      const mark = await this.#mark(key, instance, answered, listed, reach);
      if (mark !== MARKS.final) taken.push(() => this.#take(key, container, instance, mark));
    }
    // All or none, so that none is taken twice when they come again.
    for (const take of taken) take();
  }

  #take(key: string, container: DirectContainer, instance: ContentInstance, mark: Mark | undefined): void {
    const { counters, turns, codec, definitionOf } = this.#parts;
    const { path, kind } = container;
    counters.taken += 1;
    const resource = path.resourceId === undefined ? undefined : definitionOf(path)?.resources.get(path.resourceId);
    const command = readDirectCommand(instance, { path, kind, resource, codec: codec() });
    turns.tell('a direct command was read', command);
    const taken = { key, command, created: instance.ct, ended: this.#keepTrue(container, instance, command) };
    if (mark === MARKS.sent) turns.interrupted(taken);
    else turns.take(taken);
  }

  /** How far it came before, by its responses. */
  async #mark(
    key: string,
    { ct = '' }: ContentInstance,
    answered: ReadonlySet<string>,
    listed: boolean,
    reach: Reach | undefined,
  ): Promise<Mark | undefined> {
    const marks = [MARKS.final, MARKS.sent];
    const known = marks.find((mark) => answered.has(responseName(key, mark)));
    if (known !== undefined || !listed) return known;
    for (const mark of marks) if (await this.#isSaid(key, mark)) return mark;
    return reach !== undefined && ct < reach.from ? reach.mark : undefined;
  }

  /** Where `responses` is full the oldest are gone; else it has all since it was made. Undefined: it is not there. */
  async #reach(): Promise<Reach | undefined> {
    const { parts, responses } = this.#parts;
    try {
      const { cni = 0, mni = 0, ct = '' } = await parts.client.retrieve(ResourceType.container, responses());
      if (mni === 0 || cni < mni) return { from: ct, mark: MARKS.sent };
      const oldest = await parts.client.retrieve(ResourceType.contentInstance, `${responses()}/ol`);
      return { from: oldest.ct ?? ct, mark: MARKS.final };
    } catch (error) {
      if (!isRefused(error, 4004)) throw error;
      return undefined;
    }
  }

  async #isSaid(key: string, mark: Mark): Promise<boolean> {
    const { parts, responses } = this.#parts;
    const address = `${responses()}/${responseName(key, mark)}`;
    try {
      await parts.client.retrieve(ResourceType.contentInstance, address);
      return true;
    } catch (error) {
      if (!isRefused(error, 4004)) throw error;
      return false;
    }
  }

  /**
   * Keeps the copy true: when the command is not over soon, and when it ends otherwise than done, the last confirmed value
   * is put on top; what the device has taken is confirmed.
   */
  #keepTrue(container: DirectContainer, { rn }: ContentInstance, { asked }: Command): TakenCommand['ended'] {
    const { parts, registration } = this.#parts;
    if (container.kind === 'execute') return undefined;
    let restored = false;
    const timer = parts.clock.timer(PATIENCE, () => {
      restored = true;
      void this.#restore(container, undefined);
    });
    return async ({ state }) => {
      timer.cancel();
      if (state !== 'done') {
        if (!restored) await within(this.#restore(container, rn), PATIENCE, parts.clock);
      } else if ('operation' in asked && asked.operation.type === 'write') {
        parts.values.written(registration().endpoint, asked.operation.nodes);
      }
    };
  }

  /** Where no value was ever confirmed, what the device did not take is taken away: nothing else can be on top. */
  async #restore({ name, path }: DirectContainer, refused: string | undefined): Promise<void> {
    const { parts, registration, ae } = this.#parts;
    try {
      if ((await parts.values.storeAgain(registration().endpoint, path)) || refused === undefined) return;
      await parts.client.delete(`${ae()}/${name}/${refused}`);
    } catch (error) {
      parts.availability.failed(error);
      parts.logger.debug('a confirmed value cannot be put on top again', {
        ...registrationFields(registration()),
        container: name,
        reason: errorMessage(error),
      });
    }
  }
}

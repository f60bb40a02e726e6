import { type Clock, errorMessage, type Logger } from '../../common/index.ts';
import { type CseClient, CseError, ResourceType } from '../../cse-client/index.ts';
import { type Node, type Operation, type Outcome, type Registration, registrationFields } from '../../lwm2m/index.ts';
import { containerName, type DirectCommandKind, type InstancePath } from '../../mappings/index.ts';
import type { TreeFollower } from '../bridge/bridge.ts';
import type { EndpointTree } from '../bridge/endpoint-tree.ts';
import type { CseAvailability } from '../cse/availability.ts';
import type { CseState } from '../cse/presence.ts';
import { Lanes } from '../lanes.ts';
import {
  type DeviceLimits,
  type InstanceLimits,
  limitsAt,
  limitsOf,
  refusalBy,
  shortServerIdOf,
} from './instance-limits.ts';

/** Whom devices know, and where containers stand. */
export interface ServerAccessSettings {
  /** resourceName of the CSEBase. */
  readonly base: string;
  /** undefined: found out from each device. */
  readonly shortServerId: number | undefined;
}

/** What access is found out and mirrored with. */
export interface ServerAccessParts {
  readonly client: CseClient;
  readonly cse: () => CseState;
  readonly availability: Pick<CseAvailability, 'away' | 'failed'>;
  /** Resource IDs of the policies of a container, as they are now. Rejects with CseError. */
  readonly policiesOf: (endpoint: string, path: InstancePath, kind: DirectCommandKind | undefined) => Promise<string[]>;
  /** Which direct commands a container of a path takes. */
  readonly kindOf: (registration: Registration, path: InstancePath) => DirectCommandKind | undefined;
  /** Asks a device; never rejects. */
  readonly perform: (
    endpoint: string,
    operation: Operation,
    options: { readonly deadline: number; readonly signal: AbortSignal; readonly urgency: 'background' },
  ) => Promise<Outcome>;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Device {
  registration: Registration;
  tree: EndpointTree;
  limits: DeviceLimits | undefined;
  readonly leaving: AbortController;
  /** Containers of values, by their names below the AE. */
  readonly containers: Map<string, InstancePath>;
  /** What the policies of a container were last made for; absent: for a device without limits. */
  readonly mirrored: Map<string, string>;
  mirroring: Promise<void>;
}

const SERVER_OBJECT = 1;
const ACCESS_CONTROL_OBJECT = 2;
/** Devices that are read at once. */
const READING = 8;
/** Milliseconds in which a device has to be awake. */
const DEADLINE = 24 * 3600 * 1000;

/**
 * What devices with several servers let this one do, by their Access Control objects (LwM2M 1.1 8.2): read once after Register,
 * refused before it is sent, and mirrored to the policies of containers. What cannot be read limits nothing.
 */
export class ServerAccess implements TreeFollower {
  readonly #settings: ServerAccessSettings;
  readonly #parts: ServerAccessParts;
  readonly #devices = new Map<string, Device>();
  readonly #reading = new Lanes(READING);

  constructor(settings: ServerAccessSettings, parts: ServerAccessParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /** What the device lets us do with the Object Instance of a path; undefined: nothing is known to be forbidden. */
  limits(endpoint: string, path: InstancePath): InstanceLimits | undefined {
    return limitsAt(this.#devices.get(endpoint)?.limits, path);
  }

  /** Why an operation is not put to a device; undefined where nothing speaks against it. */
  refusal(endpoint: string, operation: Operation): string | undefined {
    return refusalBy(this.#devices.get(endpoint)?.limits, operation);
  }

  follow(registration: Registration, tree: EndpointTree, registered: boolean): void {
    const { endpoint, objectLinks } = registration;
    const known = this.#devices.get(endpoint);
    if (!hasOtherServers(registration)) {
      this.leave(endpoint);
      return;
    }
    const again = registered || known?.registration.objectLinks !== objectLinks;
    const renewed = known !== undefined && known.tree.incarnation !== tree.incarnation;
    const device = known ?? newDevice(registration, tree);
    Object.assign(device, { registration, tree });
    if (renewed) device.mirrored.clear();
    this.#devices.set(endpoint, device);
    // Once what the device asked has been answered.
    if (again) this.#parts.clock.timer(0, () => void this.#reading.run(() => this.#read(device)));
  }

  leave(endpoint: string): void {
    this.#devices.get(endpoint)?.leaving.abort();
    this.#devices.delete(endpoint);
  }

  /** A container of values stands on the CSE. */
  made(endpoint: string, path: InstancePath, container: string): void {
    const device = this.#devices.get(endpoint);
    if (device === undefined) return;
    device.containers.set(container, path);
    if (limitsAt(device.limits, path) !== undefined) this.#mirror(device);
  }

  /** A container and all below it is gone; all of them without one. */
  gone(endpoint: string, container?: string): void {
    const device = this.#devices.get(endpoint);
    for (const name of [...(device?.containers.keys() ?? [])]) {
      if (container !== undefined && name !== container && !name.startsWith(`${container}/`)) continue;
      device?.containers.delete(name);
      device?.mirrored.delete(name);
    }
  }

  /** The CSE answers again. */
  resume(): void {
    for (const device of this.#devices.values()) this.#mirror(device);
  }

  /** Asks nothing more; resolves when no request to the CSE is under way. */
  async stop(): Promise<void> {
    const devices = [...this.#devices.values()];
    for (const { registration } of devices) this.leave(registration.endpoint);
    await Promise.all(devices.map(({ mirroring }) => mirroring));
  }

  async #read(device: Device): Promise<void> {
    const fields = registrationFields(device.registration);
    const { logger } = this.#parts;
    const nodes = await this.#nodes(device, ACCESS_CONTROL_OBJECT);
    const id = nodes && (await this.#shortServerId(device));
    if (device.leaving.signal.aborted) return;
    if (nodes === undefined || id === undefined) {
      device.limits = undefined;
      if (nodes !== undefined) {
        logger.debug(
          'a device does not tell under which Short Server ID it knows the IPE; see access.shortServerId',
          fields,
        );
      }
    } else {
      device.limits = limitsOf(nodes, id);
      logger.debug('the Access Control object of a device was read', { ...fields, shortServerId: id });
    }
    this.#mirror(device);
  }

  async #shortServerId(device: Device): Promise<number | undefined> {
    return this.#settings.shortServerId ?? shortServerIdOf((await this.#nodes(device, SERVER_OBJECT)) ?? []);
  }

  async #nodes({ registration, leaving }: Device, objectId: number): Promise<readonly Node[] | undefined> {
    if (leaving.signal.aborted) return undefined;
    const options = { deadline: DEADLINE, signal: leaving.signal, urgency: 'background' } as const;
    const outcome = await this.#parts.perform(registration.endpoint, { type: 'read', path: { objectId } }, options);
    if (outcome.kind === 'success') return outcome.nodes ?? [];
    if (!leaving.signal.aborted) {
      const fields = registrationFields(registration);
      this.#parts.logger.debug('access cannot be read of a device', { ...fields, objectId, outcome: outcome.kind });
    }
    return undefined;
  }

  #mirror(device: Device): void {
    device.mirroring = device.mirroring.then(() => this.#mirrorAll(device));
  }

  async #mirrorAll(device: Device): Promise<void> {
    const { cse, availability, logger } = this.#parts;
    if (!cse().dialect.acpiUpdate) return;
    try {
      for (const [name, path, isOfValues] of containersOf(device)) {
        if (device.leaving.signal.aborted || availability.away !== undefined) return;
        const wanted = textOf(limitsAt(device.limits, path));
        if (wanted === (device.mirrored.get(name) ?? textOf(undefined))) continue;
        await this.#write(device, name, path, isOfValues);
        device.mirrored.set(name, wanted);
      }
    } catch (error) {
      availability.failed(error);
      logger.warn('what a device denies could not be written to the policies of its containers', {
        ...registrationFields(device.registration),
        reason: errorMessage(error),
      });
    }
  }

  async #write({ registration, tree }: Device, name: string, path: InstancePath, isOfValues: boolean): Promise<void> {
    const { client, policiesOf, kindOf } = this.#parts;
    const kind = isOfValues ? kindOf(registration, path) : undefined;
    const acpi = await policiesOf(registration.endpoint, path, kind);
    const address = `${this.#settings.base}/${tree.names.resourceName}/${name}`;
    try {
      await client.update(ResourceType.container, address, { acpi });
    } catch (error) {
      if (!(error instanceof CseError) || error.rsc !== 4004) throw error;
    }
  }
}

/** True for a device that lists object 2, but for one that lists one Server alone: that has all rights (LwM2M 1.1 8.2.1). */
function hasOtherServers({ objectLinks: { links } }: Registration): boolean {
  if (!links.some(({ objectId }) => objectId === ACCESS_CONTROL_OBJECT)) return false;
  return (
    links.filter(({ objectId, instanceId }) => objectId === SERVER_OBJECT && instanceId !== undefined).length !== 1
  );
}

/** Instance containers of the links, then those of values; the last part tells whether one takes direct commands. */
function* containersOf({ registration, containers }: Device): Iterable<[string, InstancePath, boolean]> {
  for (const link of registration.objectLinks.links) {
    const { objectId, instanceId } = link;
    const name = containerName(link);
    if (instanceId !== undefined && !containers.has(name)) yield [name, { objectId, instanceId }, false];
  }
  for (const [name, path] of [...containers]) yield [name, path, true];
}

function newDevice(registration: Registration, tree: EndpointTree): Device {
  const fresh = { limits: undefined, leaving: new AbortController(), mirroring: Promise.resolve() };
  return { registration, tree, ...fresh, containers: new Map(), mirrored: new Map() };
}

function textOf(limits: InstanceLimits | undefined): string {
  const { read = true, write = true, execute = true } = limits ?? {};
  return `${read} ${write} ${execute}`;
}

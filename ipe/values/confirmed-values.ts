import { errorMessage, type Timer } from '../../common/index.ts';
import { type ContentInstance, type CreateAttributes, ResourceType } from '../../cse-client/index.ts';
import { type Node, registrationFields, registrationMark } from '../../lwm2m/index.ts';
import { type InstancePath, isValueInstanceName, latestName, valueContainerPath } from '../../mappings/index.ts';
import type { FollowedDevice } from './container-making.ts';
import type { ValueParts } from './parts.ts';

/** The device whose confirmed values these are. */
export interface ConfirmingDevice extends Pick<FollowedDevice, 'followed'> {
  /** Address of a container. */
  address(container: string): string;
  /** True while a value of this container waits to be stored. */
  holds(container: string): boolean;
  /** True where the device reports changes of a path of itself. */
  isObserved(path: InstancePath): boolean;
  /** Queues a contentInstance. */
  store(path: InstancePath, attributes: CreateAttributes<4>): void;
  /** Takes values as if the device had reported them. */
  take(nodes: readonly Node[]): void;
  /** Asks the device for the value of a path; false where it cannot be read. */
  readAgain(path: InstancePath): boolean;
}

/** Milliseconds in which the notification of a written value is waited for. */
const GRACE = 2_000;

/**
 * Keeps the copy on the CSE true after commands. What was confirmed last is not remembered here, for that would be a copy
 * of every value: the CSE has it, under a name of ours.
 */
export class ConfirmedValues {
  readonly #parts: ValueParts;
  readonly #device: ConfirmingDevice;
  /** Containers whose value is looked up to be stored again. */
  readonly #restoring = new Set<string>();
  /** Written values that are stored when no notification has brought them. */
  readonly #expected = new Map<string, Timer>();

  constructor(parts: ValueParts, device: ConfirmingDevice) {
    this.#parts = parts;
    this.#device = device;
  }

  /** See `ValueHooks.confirmed`. */
  async latest(path: InstancePath): Promise<ContentInstance | undefined> {
    const client = this.#parts.client.correlated(registrationMark(this.#device.followed.registration.id));
    const address = this.#device.address(valueContainerPath(path));
    const children = await client.children(address, { ty: [ResourceType.contentInstance] });
    const name = latestName(children.map((child) => child.name).filter(isValueInstanceName));
    return name === undefined ? undefined : client.retrieve(ResourceType.contentInstance, `${address}/${name}`);
  }

  /** See `ValueHooks.storeAgain`. */
  async storeAgain(path: InstancePath): Promise<boolean> {
    const container = valueContainerPath(path);
    if (this.#device.holds(container)) return true;
    this.#restoring.add(container);
    const found = await this.latest(path).catch((error: unknown) => {
      this.#parts.availability.failed(error);
      this.#parts.logger.debug('a confirmed value cannot be looked up', {
        ...registrationFields(this.#device.followed.registration),
        container,
        reason: errorMessage(error),
      });
    });
    // Another value has come meanwhile, or the device has left.
    if (!this.#restoring.delete(container)) return true;
    if (found === undefined) return this.#device.readAgain(path);
    const { con, cnf, conr, dgt, lbl } = found;
    const attributes = Object.entries({ con, cnf, conr, dgt, lbl }).filter(([, value]) => value !== undefined);
    this.#device.store(path, Object.fromEntries(attributes) as CreateAttributes<4>);
    return true;
  }

  /** See `ValueHooks.written`. */
  written(node: Node, path: InstancePath): void {
    if (!this.#device.isObserved(path)) {
      this.#device.take([node]);
      return;
    }
    const container = valueContainerPath(path);
    this.#expected.get(container)?.cancel();
    const timer = this.#parts.clock.timer(GRACE, () => {
      this.#expected.delete(container);
      this.#device.take([node]);
    });
    this.#expected.set(container, timer);
  }

  /** A value of this container has been taken. */
  taken(container: string): void {
    this.#restoring.delete(container);
    this.#expected.get(container)?.cancel();
    this.#expected.delete(container);
  }

  end(): void {
    this.#restoring.clear();
    for (const timer of this.#expected.values()) timer.cancel();
    this.#expected.clear();
  }
}

import {
  decodeContent,
  encodeContent,
  formatPath,
  type Lwm2mVersion,
  type Node,
  ObjectModels,
  type Path,
} from '../../lwm2m/index.ts';
import type { DeviceKey } from '../coap/secure-socket.ts';
import { parseServerUri, type ServerAddress } from '../server-uri.ts';

/** The server that a device was told to register with. */
export interface ServerAccount {
  readonly server: ServerAddress;
  readonly key: DeviceKey | undefined;
  readonly shortServerId: number;
  /** Seconds. */
  readonly lifetime: number;
}

const SECURITY = 0;
const SERVER = 1;
const PRE_SHARED_KEY = 0;
const HELD: ReadonlySet<number> = new Set([SECURITY, SERVER, 2]);

/** Objects 0, 1 and 2 of a device: its accounts (LwM2M 1.1 6.1.3). The one of the Bootstrap-Server is `/0/0`. */
export class AccountStore {
  readonly #version: Lwm2mVersion;
  readonly #bootstrapUri: string;
  /** Values by instance, `0/1`. */
  readonly #instances = new Map<string, Node[]>();

  constructor(version: Lwm2mVersion, bootstrapUri: string) {
    this.#version = version;
    this.#bootstrapUri = bootstrapUri;
    this.#instances.set('0/0', [
      { path: { objectId: 0, instanceId: 0, resourceId: 0 }, value: bootstrapUri },
      { path: { objectId: 0, instanceId: 0, resourceId: 1 }, value: true },
    ]);
  }

  /** The answer to Bootstrap-Discover (LwM2M 1.1 6.1.7.2). */
  links(objectId?: number): string {
    const versioned = this.#version === '1.0' ? 'lwm2m="1.0"' : `</>;lwm2m=${this.#version}`;
    const instances = [...this.#instances.keys()]
      .sort()
      .filter((key) => objectId === undefined || key.startsWith(`${objectId}/`));
    return [versioned, ...instances.map((key) => `</${key}>${this.#attributes(key)}`)].join(',');
  }

  /** What a Read gives of object 1 or 2; undefined where there is nothing (LwM2M 1.1 6.1.7.3). */
  read(path: Path, format: number): Buffer | undefined {
    const nodes = [...this.#instances.values()].flat().filter(({ path: { objectId, instanceId } }) => {
      return objectId === path.objectId && (path.instanceId === undefined || path.instanceId === instanceId);
    });
    return nodes.length === 0 ? undefined : encodeContent(format, nodes, { base: path, find: this.#find });
  }

  /** Takes an instance; false where it is not of these objects. Throws `DecodeError`. */
  write(path: Path, format: number | undefined, payload: Buffer): boolean {
    if (!HELD.has(path.objectId)) return false;
    this.#take(decodeContent(format, payload, { base: path, find: this.#find }));
    return true;
  }

  /** Takes a Bootstrap-Pack: nothing else is left but the account of the Bootstrap-Server. Throws `DecodeError`. */
  writePack(format: number | undefined, payload: Buffer): void {
    const nodes = decodeContent(format, payload, { base: undefined, find: this.#find });
    this.delete(undefined);
    this.#take(nodes.filter(({ path }) => HELD.has(path.objectId)));
  }

  /** Deletes an instance, an object or, undefined, everything; never the account of the Bootstrap-Server. */
  delete(path: Path | undefined): void {
    for (const key of [...this.#instances.keys()]) {
      const inside = path === undefined || `${key}/`.startsWith(`${formatPath(path).slice(1)}/`);
      if (inside && !this.#isBootstrap(key)) this.#instances.delete(key);
    }
  }

  /** The account to register with; undefined where there is none that is whole (4.06 to Bootstrap-Finish). */
  account(): ServerAccount | undefined {
    for (const key of [...this.#instances.keys()].sort()) {
      if (!key.startsWith(`${SECURITY}/`) || this.#isBootstrap(key)) continue;
      const shortServerId = this.#value(key, 10);
      const uri = this.#value(key, 0);
      const server = [...this.#instances.keys()].find((other) => {
        return other.startsWith(`${SERVER}/`) && this.#value(other, 0) === shortServerId;
      });
      if (server === undefined || typeof uri !== 'string' || typeof shortServerId !== 'number') continue;
      const lifetime = Number(this.#value(server, 1));
      return { server: parseServerUri(uri), key: this.#key(key), shortServerId, lifetime };
    }
    return undefined;
  }

  #take(nodes: readonly Node[]): void {
    const fresh = new Map<string, Node[]>();
    for (const node of nodes) {
      const key = `${node.path.objectId}/${node.path.instanceId}`;
      fresh.set(key, [...(fresh.get(key) ?? []), node]);
    }
    for (const [key, values] of fresh) this.#instances.set(key, values);
  }

  #key(instance: string): DeviceKey | undefined {
    const identity = this.#value(instance, 3);
    const key = this.#value(instance, 5);
    if (this.#value(instance, 2) !== PRE_SHARED_KEY || !Buffer.isBuffer(identity) || !Buffer.isBuffer(key))
      return undefined;
    return { identity: identity.toString(), key };
  }

  #attributes(instance: string): string {
    if (instance.startsWith(`${SECURITY}/`) && this.#version !== '1.0') {
      const uri = `;uri="${this.#value(instance, 0)}"`;
      return this.#isBootstrap(instance) ? uri : `;ssid=${this.#value(instance, 10)}${uri}`;
    }
    const shortServerId = this.#value(instance, instance.startsWith(`${SECURITY}/`) ? 10 : 0);
    return this.#isBootstrap(instance) || instance.startsWith('2/') ? '' : `;ssid=${shortServerId}`;
  }

  #isBootstrap(instance: string): boolean {
    return (
      instance.startsWith(`${SECURITY}/`) &&
      this.#value(instance, 0) === this.#bootstrapUri &&
      this.#value(instance, 1) === true
    );
  }

  #value(instance: string, resourceId: number): Node['value'] | undefined {
    return this.#instances.get(instance)?.find(({ path }) => path.resourceId === resourceId)?.value;
  }

  readonly #find = (objectId: number) => ObjectModels.official().find(objectId, undefined, this.#version);
}

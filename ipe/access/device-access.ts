import type { DirectCommandKind, InstancePath } from '../../mappings/index.ts';
import type { AccessPolicies } from './access-policies.ts';
import type { InstanceLimits } from './instance-limits.ts';

/** Which policies the resources of a device carry: by the rules of the configuration, less what the device denies us. */
export class DeviceAccess {
  readonly #policies: Pick<AccessPolicies, 'of' | 'commanded'>;
  readonly #limits: (endpoint: string, path: InstancePath) => InstanceLimits | undefined;

  /** `limits`: what the device lets this server do with an Object Instance; undefined: everything. */
  constructor(
    policies: Pick<AccessPolicies, 'of' | 'commanded'>,
    limits: (endpoint: string, path: InstancePath) => InstanceLimits | undefined,
  ) {
    this.#policies = policies;
    this.#limits = limits;
  }

  /** True where somebody may command the endpoint. */
  commanded(endpoint: string): boolean {
    return this.#policies.commanded(endpoint);
  }

  /** Resource ID of the policy of AE, node and containers of an endpoint, or of its containers of commands. Rejects with CseError. */
  of(endpoint: string, kind: 'tree' | 'requests' | 'responses'): Promise<string> {
    return this.#policies.of(endpoint, kind);
  }

  /** Resource IDs of the policies of the container of a path, in which direct commands of a kind are created, if any. Rejects with CseError. */
  async container(endpoint: string, path: InstancePath, kind: DirectCommandKind | undefined): Promise<string[]> {
    const limits = this.#limits(endpoint, path);
    const readable = limits?.read ?? true;
    const allowed = kind === 'execute' ? limits?.execute : limits?.write;
    const tree = await this.#policies.of(endpoint, readable ? 'tree' : 'unread');
    if (kind === undefined || allowed === false || !this.commanded(endpoint)) return [tree];
    return [tree, await this.#policies.of(endpoint, readable ? 'commands' : 'blind-commands')];
  }
}

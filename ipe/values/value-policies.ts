import { type ValuePolicy, type ValuePolicySettings, valuePolicy } from '../../mappings/index.ts';

/** The policies of all objects of all endpoints; looked up once an object where no rule tells endpoints apart. */
export class ValuePolicies {
  readonly #settings: ValuePolicySettings;
  readonly #shared: Map<number, ValuePolicy> | undefined;

  constructor(settings: ValuePolicySettings) {
    this.#settings = settings;
    const alike = settings.rules.every(({ endpoint }) => endpoint === undefined);
    this.#shared = alike ? new Map() : undefined;
  }

  /** False where no value of any device is wanted. */
  get wanted(): boolean {
    const { mode, rules } = this.#settings;
    return [mode, ...rules.map((rule) => rule.mode ?? mode)].some((wanted) => wanted !== 'none');
  }

  of(endpoint: string, objectId: number): ValuePolicy {
    const known = this.#shared?.get(objectId);
    if (known !== undefined) return known;
    const policy = valuePolicy(this.#settings, endpoint, objectId);
    this.#shared?.set(objectId, policy);
    return policy;
  }
}

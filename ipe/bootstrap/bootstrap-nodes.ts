import { type Clock, errorMessage, type Logger } from '../../common/index.ts';
import { type CseClient, formatTimestamp, ResourceType } from '../../cse-client/index.ts';
import type { Lwm2mVersion } from '../../lwm2m/index.ts';
import {
  createAttributes,
  type EndpointNames,
  endpointLabel,
  type LabelSettings,
  NODE_ATTRIBUTES,
  type NodeContext,
  renewalAttributes,
} from '../../mappings/index.ts';
import type { CseState } from '../cse/presence.ts';
import { isNameTaken } from '../cse/refusals.ts';

/** What the nodes of devices that were only bootstrapped are made with. */
export interface BootstrapNodesParts {
  readonly client: Pick<CseClient, 'create' | 'retrieve' | 'update' | 'dialect'>;
  readonly cse: () => CseState;
  readonly names: (endpoint: string) => EndpointNames;
  /** Resource ID of the access control policy of an endpoint's resources. */
  readonly policyOf: (endpoint: string) => Promise<string>;
  /** A registered device has its node already. */
  readonly registered: (endpoint: string) => boolean;
  /** resourceName of the CSEBase. */
  readonly base: string;
  readonly adminOriginator: string | undefined;
  readonly labels: LabelSettings;
  /** Milliseconds. */
  readonly lifetime: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Shows bootstrapped devices as `<node>` (TS-0014 6.2.1); one that registers takes it over. */
export class BootstrapNodes {
  readonly #parts: BootstrapNodesParts;
  readonly #works = new Set<Promise<void>>();

  constructor(parts: BootstrapNodesParts) {
    this.#parts = parts;
  }

  /** The node is made, or lives longer; what hinders it is logged, for the device has its accounts all the same. */
  show(endpoint: string, version: Lwm2mVersion): void {
    const { registered, cse, logger } = this.#parts;
    if (registered(endpoint) || cse().nodeCreation === 'none') return;
    const work = this.#ensure(endpoint, version)
      .catch((error: unknown) =>
        logger.warn('a bootstrapped device has no node', { endpoint, reason: errorMessage(error) }),
      )
      .finally(() => this.#works.delete(work));
    this.#works.add(work);
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#works);
  }

  async #ensure(endpoint: string, version: Lwm2mVersion): Promise<void> {
    const { client, cse, base, adminOriginator, logger } = this.#parts;
    const context = await this.#context(endpoint, version);
    const { nodeName } = context.names;
    const originator = cse().nodeCreation === 'administrator' ? adminOriginator : undefined;
    try {
      const attributes = createAttributes(NODE_ATTRIBUTES, context);
      await client.create(ResourceType.node, base, attributes, originator === undefined ? {} : { originator });
      logger.info('a bootstrapped device has its node', { endpoint, node: nodeName });
    } catch (error) {
      if (!isNameTaken(error)) throw error;
      await this.#renew(`${base}/${nodeName}`, context);
    }
  }

  /** That of a device that registered meanwhile, or of another endpoint, is left alone. */
  async #renew(path: string, context: NodeContext): Promise<void> {
    const { client, registered } = this.#parts;
    const { endpoint } = context.registration;
    const existing = await client.retrieve(ResourceType.node, path);
    if (registered(endpoint) || !existing.lbl?.includes(endpointLabel(endpoint))) return;
    await client.update(ResourceType.node, path, renewalAttributes(NODE_ATTRIBUTES, context));
  }

  async #context(endpoint: string, version: Lwm2mVersion): Promise<NodeContext> {
    const { client, cse, names, policyOf, labels, lifetime, clock } = this.#parts;
    const { dialect } = cse();
    return {
      registration: { endpoint, version },
      names: names(endpoint),
      labels,
      accessControlPolicy: await policyOf(endpoint),
      expirationTime: formatTimestamp(clock.wall() + lifetime, client.dialect),
      hostedAeLinksKept: dialect.hostedAeLinksKept,
    };
  }
}

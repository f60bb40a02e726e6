import { type CseClient, formatTimestamp, ResourceType } from '../cse-client/index.ts';
import { UNANSWERED } from '../ipe/bridge/whole-write.ts';
import type { Registration } from '../lwm2m/index.ts';
import {
  AE_ATTRIBUTES,
  CONTAINER_ATTRIBUTES,
  containerContext,
  containerName,
  createAttributes,
  endpointNames,
  NODE_ATTRIBUTES,
  type ResourceContext,
  renewalAttributes,
} from '../mappings/index.ts';

/** resourceName of the CSEBase of these measurements. */
export const BASE = 'cse-in';
const LIFETIME = 3_600_000;

/** What the requests carry beside what they are about. */
export interface RequestOptions {
  /** Originator of the nodes; absent: the client's. */
  readonly administrator?: string;
  /** Resource ID of the policy that everything carries. */
  readonly policy: string;
}

/** The very requests that the bridge makes for a device, one after the other, with nothing looked after. */
export class DeviceRequests {
  readonly #client: CseClient;
  readonly #options: RequestOptions;

  constructor(client: CseClient, options: RequestOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** What the resources of a device are made from. */
  contextOf(registration: Registration): ResourceContext {
    return {
      registration,
      names: endpointNames(registration.endpoint, { nodePrefix: 'node-', maxLength: undefined }),
      labels: { lwm2m: true, interworking: true, extra: [] },
      expirationTime: formatTimestamp(Date.now() + LIFETIME, this.#client.dialect),
      accessControlPolicy: this.#options.policy,
      nodeLink: undefined,
      releaseVersion: '3',
      hostedAeLinksKept: true,
      containerOntologyRef: true,
    };
  }

  /** Makes node, AE and containers; gives the number of requests, as all of these do. */
  async create(context: ResourceContext): Promise<number> {
    const { names, registration } = context;
    const { links } = registration.objectLinks;
    const { administrator } = this.#options;
    const creator = administrator === undefined ? {} : { originator: administrator };
    const node = createAttributes(NODE_ATTRIBUTES, context);
    const { ri: nodeLink } = await this.#client.create(ResourceType.node, BASE, node, creator);
    const ae = createAttributes(AE_ATTRIBUTES, { ...context, nodeLink });
    await this.#client.create(ResourceType.ae, BASE, ae, { originator: names.aeId, ...UNANSWERED });
    const containers = links.map((link) => {
      const attributes = createAttributes(CONTAINER_ATTRIBUTES, containerContext(context, link));
      return this.#client.create(ResourceType.container, aePath(context), attributes, UNANSWERED);
    });
    await Promise.all(containers);
    return 2 + links.length;
  }

  /** Renews all of it. */
  async update(context: ResourceContext): Promise<number> {
    const { links } = context.registration.objectLinks;
    const ae = renewalAttributes(AE_ATTRIBUTES, context);
    await this.#client.update(ResourceType.ae, aePath(context), ae, UNANSWERED);
    const containers = links.map((link) => {
      const attributes = renewalAttributes(CONTAINER_ATTRIBUTES, containerContext(context, link));
      const path = `${aePath(context)}/${containerName(link)}`;
      return this.#client.update(ResourceType.container, path, attributes, UNANSWERED);
    });
    const node = renewalAttributes(NODE_ATTRIBUTES, context);
    const nodeUpdate = this.#client.update(ResourceType.node, nodePath(context), node, UNANSWERED);
    await Promise.all([...containers, nodeUpdate]);
    return 2 + links.length;
  }

  /** Deletes all of it. */
  async remove(context: ResourceContext): Promise<number> {
    await this.#client.delete(aePath(context));
    await this.#client.delete(nodePath(context));
    return 2;
  }
}

const aePath = ({ names }: ResourceContext): string => `${BASE}/${names.resourceName}`;
const nodePath = ({ names }: ResourceContext): string => `${BASE}/${names.nodeName}`;

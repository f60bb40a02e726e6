import type { Logger } from '../../common/index.ts';
import type {
  BootstrapClient,
  BootstrapHandler,
  BootstrapPlan,
  BootstrapResult,
  Lwm2mVersion,
  Peer,
  Refusal,
  Refusals,
} from '../../lwm2m/index.ts';
import { type BootstrapAccess, endpointOfPeer, mayBootstrap, NOT_FOR_YOU } from './bootstrap-access.ts';
import { readCertificateFiles } from './certificate-files.ts';
import type { KeyIssuer } from './key-issuer.ts';
import { type BootstrapTemplate, givesKeys, givesSecrets, templateOf } from './template.ts';
import { templatePlan } from './template-plan.ts';

/** What the bootstrap of devices stands on. */
export interface DeviceBootstrapParts {
  readonly templates: readonly BootstrapTemplate[];
  readonly access: BootstrapAccess;
  /** Absent: no template gives keys. */
  readonly issuer: KeyIssuer | undefined;
  /** Told of each device that has its accounts. */
  readonly bootstrapped: (endpoint: string, version: Lwm2mVersion) => void;
  /** Told of those that are refused. */
  readonly refusals: Refusals;
  readonly logger: Logger;
}

/** Gives devices what the templates say. */
export class DeviceBootstrap implements BootstrapHandler {
  readonly #parts: DeviceBootstrapParts;

  constructor(parts: DeviceBootstrapParts) {
    this.#parts = parts;
  }

  nameOf(peer: Peer): string | undefined {
    return endpointOfPeer(this.#parts.access, peer);
  }

  async provide({ endpoint, peer }: BootstrapClient): Promise<BootstrapPlan | Refusal> {
    const { templates, access, issuer, refusals, logger } = this.#parts;
    const template = templateOf(templates, endpoint);
    if (template === undefined || !mayBootstrap(access, peer, endpoint, givesSecrets(template))) {
      const reason = template === undefined ? 'no template for it' : 'its credentials do not allow it';
      refusals.add('bootstrap', peer, endpoint, reason);
      return NOT_FOR_YOU;
    }
    const key = givesKeys(template) ? await issuer?.issue(endpoint) : undefined;
    if (key !== undefined) logger.info('a key was issued', { endpoint, identity: key.identity });
    return templatePlan(template, { key, certificates: (server) => readCertificateFiles(endpoint, server) });
  }

  concluded({ endpoint }: BootstrapClient, result: BootstrapResult): void {
    if (result.kind === 'finished') this.#parts.bootstrapped(endpoint, result.version);
  }
}

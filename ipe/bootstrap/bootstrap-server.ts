import { systemClock } from '../../common/index.ts';
import { BootstrapServer, type CoapsOptions, Refusals } from '../../lwm2m/index.ts';
import { endpointNames } from '../../mappings/index.ts';
import type { Configuration } from '../configuration/index.ts';
import type { DeviceSecurity } from '../device-security.ts';
import type { Ground } from '../ground.ts';
import { bridgeSettings, lwm2mServerOptions } from '../settings.ts';
import { assertBootstrapServed } from './bootstrap-doors.ts';
import { BootstrapNodes } from './bootstrap-nodes.ts';
import { DeviceBootstrap } from './device-bootstrap.ts';
import { keyIssuer } from './key-issuer.ts';

/** What the bootstrap server stands on beside the rest. */
export interface BootstrapPartners {
  readonly security: DeviceSecurity;
  readonly registered: (endpoint: string) => boolean;
}

/** The bootstrap server of a configuration, not started; none without templates. Throws IpeError `config/invalid`. */
export function makeBootstrapServer(ground: Ground, partners: BootstrapPartners): BootstrapServer | undefined {
  const { configuration, definitions, logger } = ground;
  const { templates, coap, coaps, pack, keysOverCoap, operationTimeout, sessionTimeout, sessions } =
    configuration.bootstrap;
  if (templates.length === 0) return undefined;
  const { security, registered } = partners;
  const { credentials, identities } = security;
  assertBootstrapServed(configuration, security);
  const nodes = configuration.bootstrap.node ? makeNodes(ground, registered) : undefined;
  const handler = new DeviceBootstrap({
    templates,
    access: { credentials, identities, keysOverCoap },
    issuer: credentials && keyIssuer(credentials),
    bootstrapped: (endpoint, version) => nodes?.show(endpoint, version),
    refusals: new Refusals(systemClock, logger),
    logger,
  });
  const { limits, rateLimits, transmission } = lwm2mServerOptions(configuration);
  return new BootstrapServer(
    {
      ...(coap.enabled && { coap: { host: coap.host, port: coap.port } }),
      ...(coaps.enabled && { coaps: secureDoor(configuration, security) }),
      ...(limits?.coap && { coapLimits: limits.coap }),
      ...(rateLimits?.requests && { requestRates: rateLimits.requests }),
      ...(transmission && { transmission }),
      pack,
      limits: { sessions },
      times: { operation: operationTimeout, session: sessionTimeout },
      models: () => definitions.current,
      clock: systemClock,
      logger,
    },
    handler,
  );
}

/** The CoAPS of the LwM2M server at another port, and for keys that open this door alone. */
function secureDoor({ bootstrap }: Configuration, { coaps, credentials }: DeviceSecurity): CoapsOptions {
  const { host, port } = bootstrap.coaps;
  const { credential: _, rawPublicKeys, ...others } = coaps!;
  const known = (identity: string) => {
    const found = credentials?.find(identity);
    return found?.use === 'bootstrap' ? found : undefined;
  };
  const trusts = (fingerprint: string) => known(fingerprint)?.publicKey !== undefined;
  return {
    ...others,
    host,
    port,
    ...(credentials && { credential: (identity) => known(identity)?.key }),
    ...(rawPublicKeys && { rawPublicKeys: { ...rawPublicKeys, trusts } }),
  };
}

/** Their labels do not name the IPE: what it made for nobody who is registered would else be cleared away. */
function makeNodes(
  { configuration, connection, access, logger }: Ground,
  registered: (endpoint: string) => boolean,
): BootstrapNodes {
  const { client, cse, settings } = connection;
  const { names } = bridgeSettings(configuration, cse().dialect);
  return new BootstrapNodes({
    client,
    cse,
    names: (endpoint) => endpointNames(endpoint, names),
    policyOf: (endpoint) => access.of(endpoint, 'tree'),
    registered,
    base: settings.base,
    adminOriginator: settings.adminOriginator,
    labels: configuration.labels,
    lifetime: configuration.bootstrap.nodeLifetime,
    clock: systemClock,
    logger,
  });
}

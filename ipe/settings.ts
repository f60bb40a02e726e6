import type { Logger } from '../common/index.ts';
import type { CseClientOptions, Dialect } from '../cse-client/index.ts';
import type { EmbeddedCseOptions } from '../embedded-cse/index.ts';
import type { Lwm2mServerOptions, QueueModeOptions } from '../lwm2m/index.ts';
import { ipeLabel, type LabelSettings, matchesPattern, readThroughAge } from '../mappings/index.ts';
import { type AccessPolicySettings, reservedPolicyNames } from './access/access-policies.ts';
import { commandersOf } from './access/privileges.ts';
import type { BridgeSettings } from './bridge/bridge.ts';
import type { TreeSettings } from './bridge/tree-writer.ts';
import type { CommandSettings } from './commands/parts.ts';
import type { Configuration } from './configuration/index.ts';
import type { PresenceSettings } from './cse/access.ts';
import { cseSecurity } from './cse-security.ts';
import type { AdmissionSettings } from './load/admission.ts';
import type { NotificationSettings } from './notifications/notifications.ts';
import type { ReadThroughSettings } from './read-through/parts.ts';
import type { ReconciliationSettings } from './reconciliation/parts.ts';
import type { StoreSettings } from './store/open-store.ts';
import type { SubscriptionSettings } from './subscriptions/parts.ts';
import type { ValueSettings } from './values/parts.ts';

/** Milliseconds that a CSE waits for the answer to a notification at most: less than ACME's own 10 s. */
const NOTIFICATION_ANSWER_TIME = 9_500;
/** Notifications that wait for their answer at once. */
const NOTIFICATIONS_WAITING = 1_000;
/** Milliseconds for which the tree of a device that has left waits for its last values at most. */
const FAREWELL = 10_000;
/** Originator of the embedded CSE's administrator, the one that ACME has by default. */
const EMBEDDED_ADMINISTRATOR = 'CAdmin';

/** How the IPE appears on the CSE, from the configuration and the addresses that only a started process knows. */
export function presenceSettings(
  configuration: Configuration,
  url: string,
  pointOfAccess: () => string,
): PresenceSettings {
  const { cse, names, access } = configuration;
  return {
    url,
    base: cse.base,
    originator: cse.originator,
    adminOriginator: administrator(configuration),
    releaseVersion: cse.releaseVersion,
    resourceName: names.ipe,
    nodePrefix: names.nodePrefix,
    pointOfAccess,
    privileges: access,
    dialect: cse.dialect,
  };
}

/** Where access control policies stand and what they say. */
export function accessPolicySettings({ access }: Configuration, settings: PresenceSettings): AccessPolicySettings {
  const { base, originator, resourceName, adminOriginator } = settings;
  return { access, base, originator, resourceName, adminOriginator };
}

/** How requests reach the CSE. */
export function cseClientOptions(
  configuration: Configuration,
  settings: PresenceSettings,
  logger: Logger,
): CseClientOptions {
  const { originator, releaseVersion, timeout, maxInFlight, inFlight } = configuration.cse;
  const security = cseSecurity(configuration);
  return { url: settings.url, originator, releaseVersion, timeout, maxInFlight, inFlight, ...security, logger };
}

/** Where state is kept: beside a CSE that forgets everything with the process nothing else needs to be remembered. */
export function storeSettings({ store, cse }: Configuration): StoreSettings {
  if (store.kind !== 'auto') return { kind: store.kind, path: store.path };
  return { kind: cse.url === undefined ? 'memory' : 'lmdb', path: store.path };
}

/** How long devices may have to wait for the CSE. */
export function admissionSettings({ cse }: Configuration): AdmissionSettings {
  return { maxWait: cse.maxWait };
}

/** How the LwM2M server meets devices: address without security, bounds and queue mode. */
export function lwm2mServerOptions({ lwm2m }: Configuration): Lwm2mServerOptions {
  const { coap, lifetime, queueMode, limits, rateLimits } = lwm2m;
  const { blockSize, observations, ...coapLimits } = limits;
  return {
    coap: coap.enabled ? { host: coap.host, port: coap.port } : undefined,
    lifetime,
    transmission: { blockSize },
    limits: { coap: coapLimits, operation: { observationsPerDevice: observations } },
    rateLimits: {
      requests: { perSource: rateLimits.requestsPerSource, inAll: rateLimits.requests },
      registrations: { perSource: rateLimits.registrationsPerSource, inAll: rateLimits.registrations },
    },
    queueMode: queueModeOptions(queueMode),
  };
}

function queueModeOptions(queueMode: Configuration['lwm2m']['queueMode']): Partial<QueueModeOptions> {
  const { awake, operations, bytes, totalOperations, totalBytes, attempts, rules } = queueMode;
  return {
    awakeWindow: awake,
    awakeWindowOf: ({ endpoint }) => rules.find((rule) => matchesPattern(rule.endpoint, endpoint))?.awake,
    operationsPerDevice: operations,
    bytesPerDevice: bytes,
    operationsInAll: totalOperations,
    bytesInAll: totalBytes,
    attempts,
  };
}

/** The embedded CSE as the client is configured to meet it. */
export function embeddedCseOptions(configuration: Configuration, logger: Logger): EmbeddedCseOptions {
  const { embeddedCse, cse } = configuration;
  return {
    host: embeddedCse.host,
    port: embeddedCse.port,
    dialect: embeddedCse.dialect,
    cseId: cse.cseId,
    cseBase: cse.base,
    adminOriginator: administrator(configuration) ?? EMBEDDED_ADMINISTRATOR,
    logger,
  };
}

/** The labels of all that the IPE makes: those that are configured, and its own. */
function labelSettings({ labels, cse }: Configuration): LabelSettings {
  return { ...labels, extra: [...labels.extra, ipeLabel(cse.originator)] };
}

/** How what is on the CSE is compared with what should be. */
export function reconciliationSettings(
  configuration: Configuration,
  settings: PresenceSettings,
  { names }: BridgeSettings,
): ReconciliationSettings {
  const { base, originator, adminOriginator } = settings;
  return { base, names, label: ipeLabel(originator), interval: configuration.cse.reconcileInterval, adminOriginator };
}

/** What the tree of an endpoint is made with. */
export function treeSettings(configuration: Configuration, settings: PresenceSettings): TreeSettings {
  const { cse } = configuration;
  return {
    base: settings.base,
    adminOriginator: settings.adminOriginator,
    releaseVersion: settings.releaseVersion,
    labels: labelSettings(configuration),
    whenAway: cse.whenAway,
    expiration: { refresh: cse.expiryRefresh, share: cse.expiryShare, margin: cse.expiryMargin * 1000 },
  };
}

/** What becomes of the values of devices. */
export function valueSettings(configuration: Configuration, settings: PresenceSettings): ValueSettings {
  const { values, access } = configuration;
  const labels = labelSettings(configuration);
  const { mode, observe, rules, discover, ...others } = values;
  const discovered = discover === 'always' || (discover === 'when-commanded' && commandersOf(access).length > 0);
  const policy = { mode, observe, rules };
  return { ...others, policy, discover: discovered, farewell: FAREWELL, base: settings.base, labels };
}

/** Whether any object of any device is observed only while applications subscribe to it. */
export function observesOnSubscription({ values }: Configuration): boolean {
  const { mode, observe, rules } = values;
  return [{ mode, observe }, ...rules].some(
    (one) => (one.observe ?? observe) === 'on-subscription' && (one.mode ?? mode) !== 'none',
  );
}

/** Whether old values of any object of any device are asked for when they are retrieved. */
export function readsThrough({ values }: Configuration): boolean {
  return [values, ...values.rules].some(({ readThrough }) => readThrough !== undefined && readThrough !== 'off');
}

/** How old values are asked for when they are retrieved. */
export function readThroughSettings({ values }: Configuration, settings: PresenceSettings): ReadThroughSettings {
  const { base, originator, resourceName } = settings;
  const age = (endpoint: string, objectId: number) => readThroughAge(values, endpoint, objectId);
  return { base, originator, resourceName, wait: values.readThroughWait, age };
}

/** How subscriptions of applications are found. */
export function subscriptionSettings({ values }: Configuration, settings: PresenceSettings): SubscriptionSettings {
  const { base, originator, resourceName } = settings;
  const adminOriginator = values.subscriptionsByAdministrator ? settings.adminOriginator : undefined;
  return { base, originator, adminOriginator, resourceName, pollInterval: values.subscriptionPollInterval };
}

/** How commands are carried. */
export function commandSettings(configuration: Configuration, settings: PresenceSettings): CommandSettings {
  const { commands, values } = configuration;
  const labels = labelSettings(configuration);
  const { base, originator, resourceName } = settings;
  const valueInstances = values.maxInstances;
  return { ...commands, base, originator, resourceName, labels, valueInstances };
}

/** Whose notifications are taken. */
export function notificationSettings({ cse }: Configuration): NotificationSettings {
  const { originator } = cse;
  return { originator, answerTime: NOTIFICATION_ANSWER_TIME, maxWaiting: NOTIFICATIONS_WAITING };
}

/** How endpoints are named within the CSE's limits, and the names that no device may take. */
export function bridgeSettings(configuration: Configuration, dialect: Dialect): BridgeSettings {
  const { cse, names } = configuration;
  const byAeId = dialect.aeIdMaxLength === undefined ? Number.POSITIVE_INFINITY : dialect.aeIdMaxLength - 1;
  const byPath = dialect.pathMaxLength === undefined ? Number.POSITIVE_INFINITY : namesPerPath(dialect.pathMaxLength);
  const limit = Math.min(byAeId, byPath, names.maxLength ?? Number.POSITIVE_INFINITY);
  const maxLength = Number.isFinite(limit) ? limit : undefined;
  const administrators = cse.adminOriginator === undefined ? [] : [cse.adminOriginator];
  return {
    whenAway: cse.whenAway,
    names: { nodePrefix: names.nodePrefix, maxLength },
    reserved: new Set([
      cse.base,
      cse.originator,
      names.ipe,
      ...reservedPolicyNames(configuration.access, names.ipe),
      EMBEDDED_ADMINISTRATOR,
      ...administrators,
    ]),
  };
}

/** Part of a limited path that one endpoint's name may take: half, for the CSEBase and what lies below it. */
function namesPerPath(pathMaxLength: number): number {
  return Math.floor(pathMaxLength / 2);
}

/** The configured administrator; the embedded CSE's own one where that CSE serves. */
function administrator({ cse }: Configuration): string | undefined {
  if (cse.adminOriginator !== undefined) return cse.adminOriginator;
  return cse.url === undefined ? EMBEDDED_ADMINISTRATOR : undefined;
}

import * as z from 'zod';
import { key } from '../notes.ts';
import { DURATION_FORMS, duration, whole } from '../values.ts';
import { wholeNumber } from '../whole-number.ts';

const MODES = ['semantic', 'transparent', 'both', 'none'] as const;
const OBSERVE = ['always', 'on-subscription', 'never'] as const;
const DISCOVER = ['always', 'when-commanded', 'never'] as const;

const readThrough = () => z.union([z.literal('off'), duration(1_000, 2_592_000_000)]);

const rule = z.strictObject({
  object: whole(0, 65_534).optional(),
  endpoint: z.string().min(1).max(255).optional(),
  mode: z.enum(MODES).optional(),
  observe: z.enum(OBSERVE).optional(),
  readThrough: readThrough().optional(),
});

const queueSection = z.strictObject({
  values: wholeNumber(
    { min: 1, max: 1_000_000, usual: 1_000 },
    'Most values of one device that wait for the CSE. Beyond them the oldest of the same resource is dropped, counted and told in the log.',
  ),
  bytes: wholeNumber(
    { min: 1_024, max: 1_073_741_824, usual: 1_048_576 },
    'Most bytes of values of one device that wait for the CSE; beyond them as values.queue.values.',
  ),
  totalBytes: wholeNumber(
    { min: 1_024, max: 17_179_869_184, usual: 134_217_728 },
    'Most bytes of values of all devices that wait for the CSE; beyond them a device drops its own oldest.',
  ),
  age: key(duration(1_000, 31_536_000_000).prefault('7d'), {
    kind: 'duration',
    description: 'How long a value waits for the CSE at most; an older one is dropped, counted and told in the log.',
    allowed: `${DURATION_FORMS}; from 1s to 365d`,
  }),
});

/** Values of devices in the tree. */
export const valuesSection = z.strictObject({
  mode: key(z.enum(MODES).prefault('semantic'), {
    kind: 'choice',
    description:
      'How values stand in the tree: semantic as one container a resource with typed JSON, transparent as the encoded object instance, both, or none.',
    allowed: 'semantic, transparent, both or none',
  }),
  observe: key(z.enum(OBSERVE).prefault('always'), {
    kind: 'choice',
    description:
      'Whether object instances are observed, so that changes reach the CSE: always, only what applications subscribe to and while they do, or never. Objects 0, 1, 2, 5 and 21 never are.',
    allowed: 'always, on-subscription or never',
  }),
  observeCheck: key(z.union([z.literal('off'), duration(1_000, 31_536_000_000)]).prefault('1d'), {
    kind: 'duration',
    description:
      'Silence after which an observed instance is observed again, in case its device has forgotten that; of a device that sleeps when it is awake. Where an application has set pmax that counts, with a margin.',
    allowed: `off, or ${DURATION_FORMS}; from 1s to 365d`,
  }),
  discover: key(z.enum(DISCOVER).prefault('when-commanded'), {
    kind: 'choice',
    description:
      'Whether resources without a value, executable ones among them, get a container, too; it costs a Discover for each object instance when a device registers. when-commanded: where access.command lets anyone command.',
    allowed: 'always, when-commanded or never',
  }),
  subscriptionPollInterval: key(duration(100, 86_400_000).prefault('15m'), {
    kind: 'duration',
    description:
      'How often subscriptions of applications are looked for that no notification told of, where objects are observed on-subscription: one request to the CSE a device and one a subscription.',
    allowed: `${DURATION_FORMS}; from 100ms to 1d`,
  }),
  subscriptionsByAdministrator: key(z.boolean().prefault(false), {
    kind: 'boolean',
    description:
      'Whether subscriptions that their application lets nobody read are looked for as cse.adminOriginator, where objects are observed on-subscription and the CSE lets it read them. Without it such a one is found only if it is made while the IPE runs.',
    allowed: 'true or false',
  }),
  readThrough: key(readThrough().prefault('off'), {
    kind: 'duration',
    description:
      'Age from which on a RETRIEVE of la is answered with what the device says now, where the CSE can wait for that (ACME); counted in whole seconds. off: a RETRIEVE never reaches the device.',
    allowed: `off, or ${DURATION_FORMS}; from 1s to 30d`,
  }),
  readThroughWait: key(duration(100, 9_000).prefault('3s'), {
    kind: 'duration',
    description: 'How long such a RETRIEVE waits for the device at most; then it gives the value that is there.',
    allowed: `${DURATION_FORMS}; from 100ms to 9s`,
  }),
  maxInstances: wholeNumber(
    { min: 1, max: 1_000_000, usual: 10 },
    'maxNrOfInstances of every container that holds values: how many of the latest the CSE keeps.',
  ),
  storeUnchanged: key(z.boolean().prefault(true), {
    kind: 'boolean',
    description: 'Whether a value is stored again that is the same as the last one of its resource.',
    allowed: 'true or false',
  }),
  readers: wholeNumber(
    { min: 1, max: 10_000, usual: 256 },
    'Most devices that are read and observed at the same time after they registered.',
  ),
  maxInFlight: wholeNumber(
    { min: 1, max: 1_024, usual: 6 },
    'Most requests with values on the way to the CSE at once. Less than cse.maxInFlight keeps room for registrations.',
  ),
  queue: queueSection.prefault({}),
  rules: key(z.array(rule).max(1_000).prefault([]), {
    kind: 'list',
    description:
      'Another mode, observe or readThrough for some objects, some endpoints or both; the first rule that matches counts. In the file only.',
    allowed:
      'in the file a list of at most 1000 rules such as {object: 3303, endpoint: "urn:imei:*", mode: both, observe: never}, each key optional, * for any text',
  }),
});

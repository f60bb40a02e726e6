import { type DialectName, ResourceType } from '../cse-client/index.ts';

/** How one CSE differs from another, one fact a field; the rest is the same code. */
export interface Behaviour {
  readonly cseId: string;
  readonly cseBase: string;
  readonly serviceProviderId: string;
  readonly supportedReleaseVersions: readonly string[];
  readonly supportedTypes: readonly number[];
  /** What `srt` says: as the CSE that is played has it, so that a client knows it by it, though fewer are there. */
  readonly advertisedTypes: readonly number[];
  /** Code for a resource type that is not there. */
  readonly unsupportedTypeCode: number;
  readonly mandatoryReleaseVersion: boolean;
  readonly mandatoryRequestId: boolean;
  /** Who reads the CSEBase: a registered AE, anybody, or the administrator alone. */
  readonly cseBaseReaders: 'registered' | 'anybody' | 'administrator';
  /** Discovery at the CSEBase filters by rights, or belongs to the administrator. */
  readonly cseBaseDiscovery: 'filtered' | 'administrator';
  /** What the originators of the CSEBase may create below it without a policy that says so. */
  readonly openTypes: readonly number[];
  readonly maxAeIdLength: number | undefined;
  readonly maxPathLength: number | undefined;
  readonly resourceName: RegExp;
  readonly maxBody: number;
  /** Attributes of the standard that this CSE does not know at CREATE, by type. */
  readonly unknownAttributes: Readonly<Record<number, readonly string[]>>;
  readonly stringContentOnly: boolean;
  readonly contentInfo: RegExp;
  /** The CSE's own times have a fraction of a second. */
  readonly timestampFraction: boolean;
  /** A child may not outlive its parent: its time is cut. */
  readonly cutsExpiry: boolean;
  readonly deletesExpired: boolean;
  /** Without policies: the creator (and the administrator), and who may CREATE below. */
  readonly administratorEverywhere: boolean;
  readonly createByAnybody: boolean;
  /** Code for a policy that does not exist, or undefined where it is taken unseen. */
  readonly unknownPolicyCode: number | undefined;
  /** A later UPDATE of `acpi`: as the standard says, only where one was set (else the code), or never (the code). */
  readonly policyUpdate: { readonly when: 'always' | 'replacing' | 'never'; readonly code: number };
  readonly originatorWildcards: boolean;
  readonly objectDetails: boolean;
  /** Several `lbl` in one query: any of them counts, only the first does, or the request is never answered. */
  readonly repeatedLabel: 'any' | 'first' | 'silence';
  /** A label with a blank: split in two, never found, or found. */
  readonly blankInLabel: 'split' | 'never' | 'found';
  readonly labelWildcards: boolean;
  /** `lim` cuts the children of the target before anything is looked at, or the result (then with CTS and CTO). */
  readonly limit: 'children' | 'result';
  readonly lowerInstanceLimit: 'at once' | 'at next create';
  readonly subscriptionVerification: boolean;
  /** A RETRIEVE of `la` or `ol` older than `ma` of a subscription with event type 10 waits for its target. */
  readonly blockingRetrieve: boolean;
  /** A target in `nu` may be named `/cse-id/AE-ID`. */
  readonly spRelativeTargets: boolean;
  /** Who hears `sud` when a subscription goes: its `su`, all its targets, or nobody. */
  readonly deletionNotice: 'su' | 'all' | 'none';
  readonly notificationReleaseVersion: 'highest' | '3' | 'none';
  readonly notificationRequestId: 'unique' | 'notify';
  /** Every number of a representation as `2.0`. */
  readonly decimalNumbers: boolean;
  /** Closes each connection, with two stray bytes behind the body. */
  readonly strayBytes: boolean;
  /** Code for a representation whose type is wrong or missing. */
  readonly wrongRepresentationCode: { readonly create: number; readonly update: number };
  /** `et` with a fraction of a second is refused. */
  readonly strictBasicTimestamps: boolean;
  /** A CREATE of an AE looks at the name (4105) before the AE-ID (4117). */
  readonly nameBeforeAeId: boolean;
  /** Faults of ACME: an AE-ID stays taken after 4105, and a node deleted before its AE leaves the AE broken. */
  readonly leaksAeIds: boolean;
  readonly breaksNodeLinks: boolean;
}

const { acp, ae, container, contentInstance, cseBase, group, node, subscription } = ResourceType;
/** notificationTargetPolicy, which ACME's CSEBase lets everybody create; the embedded CSE has none. */
const NOTIFICATION_TARGET_POLICY = 26;
const ALL_TYPES = [acp, ae, container, contentInstance, cseBase, group, node, subscription];

/** reference: ACME 2026.5.3 as it behaves. */
const ACME: Behaviour = {
  cseId: '/id-in',
  cseBase: 'cse-in',
  serviceProviderId: '//acme.example.com',
  supportedReleaseVersions: ['2a', '3', '4', '5'],
  supportedTypes: ALL_TYPES,
  // Without the announced types.
  advertisedTypes: [
    1, 2, 3, 4, 5, 9, 10, 13, 14, 15, 16, 17, 18, 23, 24, 25, 26, 27, 28, 29, 30, 34, 43, 44, 47, 48, 58, 60, 62, 63,
    64, 65, 66,
  ],
  unsupportedTypeCode: 4000,
  mandatoryReleaseVersion: true,
  mandatoryRequestId: true,
  cseBaseReaders: 'registered',
  cseBaseDiscovery: 'filtered',
  openTypes: [acp, NOTIFICATION_TARGET_POLICY],
  maxAeIdLength: undefined,
  maxPathLength: undefined,
  resourceName: /^[\p{L}\p{N}_\-.~]+$/u,
  maxBody: 1_048_576,
  unknownAttributes: {},
  stringContentOnly: false,
  contentInfo: /^[^:/]+\/[^:/]+:[0-2](:[0-5])?$/,
  timestampFraction: true,
  cutsExpiry: true,
  deletesExpired: true,
  administratorEverywhere: true,
  createByAnybody: false,
  unknownPolicyCode: 4000,
  policyUpdate: { when: 'always', code: 4000 },
  originatorWildcards: true,
  objectDetails: true,
  repeatedLabel: 'any',
  blankInLabel: 'split',
  labelWildcards: false,
  limit: 'children',
  lowerInstanceLimit: 'at once',
  subscriptionVerification: true,
  blockingRetrieve: true,
  spRelativeTargets: true,
  deletionNotice: 'su',
  notificationReleaseVersion: 'highest',
  notificationRequestId: 'unique',
  decimalNumbers: false,
  strayBytes: false,
  wrongRepresentationCode: { create: 4000, update: 4102 },
  strictBasicTimestamps: false,
  nameBeforeAeId: false,
  leaksAeIds: true,
  breaksNodeLinks: true,
};

/** The behaviours by name: ACME, Mobius4 4.13.1 and tinyIoT 832205f as they were seen, and one without their faults. */
export const BEHAVIOURS: Readonly<Record<DialectName, Behaviour>> = {
  acme: ACME,
  standard: {
    ...ACME,
    advertisedTypes: ALL_TYPES,
    blankInLabel: 'found',
    limit: 'result',
    openTypes: [acp, group, node, subscription],
    blockingRetrieve: false,
    leaksAeIds: false,
    breaksNodeLinks: false,
  },
  mobius4: {
    ...ACME,
    cseId: '/Mobius4',
    cseBase: 'Mobius',
    serviceProviderId: '//mobius',
    supportedReleaseVersions: ['4', '3', '2a'],
    supportedTypes: [acp, ae, container, contentInstance, cseBase, group, subscription],
    advertisedTypes: [1, 2, 3, 4, 5, 9, 16, 23, 28],
    unsupportedTypeCode: 4005,
    mandatoryReleaseVersion: false,
    cseBaseReaders: 'anybody',
    openTypes: [acp, container, group, subscription],
    maxAeIdLength: 30,
    maxPathLength: 255,
    resourceName: /^[A-Za-z0-9][A-Za-z0-9_\-.]*$/,
    unknownAttributes: { [ae]: ['nl'], [container]: ['or'] },
    contentInfo: /./s,
    timestampFraction: false,
    cutsExpiry: false,
    deletesExpired: false,
    administratorEverywhere: false,
    unknownPolicyCode: undefined,
    policyUpdate: { when: 'replacing', code: 5000 },
    originatorWildcards: false,
    objectDetails: false,
    repeatedLabel: 'silence',
    blankInLabel: 'never',
    limit: 'result',
    lowerInstanceLimit: 'at next create',
    subscriptionVerification: false,
    blockingRetrieve: false,
    deletionNotice: 'none',
    notificationReleaseVersion: 'none',
    wrongRepresentationCode: { create: 5000, update: 5000 },
    strictBasicTimestamps: true,
    nameBeforeAeId: true,
    leaksAeIds: false,
    breaksNodeLinks: false,
  },
  tinyiot: {
    ...ACME,
    cseId: '/tinyiot',
    cseBase: 'TinyIoT',
    serviceProviderId: '//tinyiot',
    supportedReleaseVersions: ['3', '4'],
    supportedTypes: [acp, ae, container, contentInstance, cseBase, group, subscription],
    advertisedTypes: [1, 2, 3, 4, 5, 9, 16, 23, 28, 29, 30, 58],
    mandatoryRequestId: false,
    cseBaseReaders: 'administrator',
    cseBaseDiscovery: 'administrator',
    maxBody: 65_536,
    resourceName: /^[\x20-\x2e\x30-\x7e]+$/,
    unknownAttributes: { [ae]: ['nl', 'or'], [container]: ['or'] },
    stringContentOnly: true,
    contentInfo: /^[^:/]+\/[^:/]+:\d+$/,
    cutsExpiry: false,
    createByAnybody: true,
    policyUpdate: { when: 'never', code: 4000 },
    objectDetails: false,
    repeatedLabel: 'first',
    blankInLabel: 'found',
    limit: 'result',
    blockingRetrieve: false,
    spRelativeTargets: false,
    deletionNotice: 'all',
    notificationReleaseVersion: '3',
    notificationRequestId: 'notify',
    decimalNumbers: true,
    strayBytes: true,
    wrongRepresentationCode: { create: 4000, update: 4000 },
    nameBeforeAeId: true,
    leaksAeIds: false,
    breaksNodeLinks: false,
  },
};

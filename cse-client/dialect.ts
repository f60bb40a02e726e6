import type { CseBase } from './resources.ts';

/** The CSEs that are known by name; `standard` expects what the specifications say. */
export type DialectName = 'standard' | 'acme' | 'mobius4' | 'tinyiot';

/** How one CSE differs from another, one property a fact. Lengths count characters. */
export interface Dialect {
  readonly name: DialectName;
  readonly title: string;
  /** Longest AE-ID, with its leading C or S. */
  readonly aeIdMaxLength: number;
  /** Longest structured address, CSEBase name and slashes included. */
  readonly pathMaxLength: number;
  /** What a resourceName may look like. */
  readonly resourceNamePattern: RegExp;
  /** `<node>` exists. */
  readonly node: boolean;
  /** Who may create a `<node>` without anything being set up first. */
  readonly nodeCreator: 'anyone' | 'administrator';
  /** `nl` is taken in the CREATE of an AE. */
  readonly nodeLink: boolean;
  /** `hael` of a node is kept by the CSE itself, from the `nl` of AEs; the requester leaves it out then. */
  readonly hostedAeLinksKept: boolean;
  /** `or` is taken on a container. */
  readonly containerOntologyRef: boolean;
  /** A fraction of a second is taken in timestamps. */
  readonly timestampFraction: boolean;
  /** What `con` may be. */
  readonly content: 'any' | 'string';
  /** `conr` of a contentInstance is known (TS-0001 table 9.6.7-2). */
  readonly contentRef: boolean;
  /** `dgt` of a contentInstance is known (TS-0001 table 9.6.7-2). */
  readonly dataGenerationTime: boolean;
  /** Whole numbers come as `2.0`, also in headers. */
  readonly integersAsFloat: boolean;
  /** What has expired goes away by itself. */
  readonly expiryDeletes: boolean;
  /** A child's expirationTime beyond its parent's is cut to it without a word. */
  readonly childExpirationCutToParent: boolean;
  /** `acpi` may be set by an UPDATE. */
  readonly acpiUpdate: boolean;
  /** `acod` in a rule of an ACP is understood. */
  readonly accessControlObjectDetails: boolean;
  /** `C*` in `acor` is understood. */
  readonly originatorWildcards: boolean;
  /** Who may RETRIEVE the CSEBase. */
  readonly cseBaseRetrieve: 'anyone' | 'registered' | 'administrator';
  /** The administrator may read what its creator has given nobody access to. */
  readonly administratorReadsAll: boolean;
  /** Who may discover from the CSEBase down. */
  readonly discoveryAtBase: 'anyone' | 'administrator';
  /** `lim` and `ofst` page the result of a discovery, which else comes whole or by pages of the CSE's own. */
  readonly discoveryPaged: boolean;
  /** Whether one query may name several labels. */
  readonly labelsPerQuery: 'many' | 'one';
  /** A label with a blank can be searched. */
  readonly labelsWithBlank: boolean;
  /** Text beyond ASCII is lost. */
  readonly asciiOnly: boolean;
  /** Largest body that is taken, bytes. */
  readonly bodyMaxBytes: number;
  /** Largest `con` that does no harm, bytes. */
  readonly contentMaxBytes: number;
  /** An AE whose resourceName was taken keeps its AE-ID registered. */
  readonly aeIdAfterConflictLeaks: boolean;
  /** The AE must go before the node that it links to. */
  readonly deleteAeBeforeNode: boolean;
  /** A CREATE of an AE checks the resourceName (4105) before the AE-ID (4117). */
  readonly conflictChecksNameFirst: boolean;
  /** A RETRIEVE of a child older than `ma` of a subscription waits for its target (notificationEventType 10, not in the standard yet). */
  readonly blockingRetrieve: boolean;
  /** Its notifications come with its own CSE-ID as originator, but for those that wait for an answer. */
  readonly notificationsNamed: boolean;
  /** A new subscription is verified by a notification to its target. */
  readonly subscriptionVerification: boolean;
}

const UNRESERVED = /^[A-Za-z0-9\-._~]+$/;

const standard: Dialect = {
  name: 'standard',
  title: 'a oneM2M CSE',
  aeIdMaxLength: 255,
  pathMaxLength: 2048,
  // TS-0004 6.2.4: 1*unreserved.
  resourceNamePattern: UNRESERVED,
  node: true,
  nodeCreator: 'anyone',
  nodeLink: true,
  hostedAeLinksKept: false,
  containerOntologyRef: true,
  // The basic format without a fraction is what every CSE takes.
  timestampFraction: false,
  content: 'any',
  contentRef: true,
  dataGenerationTime: true,
  integersAsFloat: false,
  expiryDeletes: true,
  // TS-0001 table 9.6.1.3.1-1: a child's expirationTime shall not be later than its parent's.
  childExpirationCutToParent: true,
  acpiUpdate: true,
  accessControlObjectDetails: true,
  originatorWildcards: true,
  cseBaseRetrieve: 'registered',
  administratorReadsAll: false,
  discoveryAtBase: 'anyone',
  discoveryPaged: true,
  labelsPerQuery: 'many',
  labelsWithBlank: false,
  asciiOnly: false,
  bodyMaxBytes: 1_048_576,
  contentMaxBytes: 1_048_576,
  aeIdAfterConflictLeaks: false,
  deleteAeBeforeNode: true,
  conflictChecksNameFirst: false,
  blockingRetrieve: false,
  // TS-0004 7.5.1.2.2 wants it; who does not, is still heard.
  notificationsNamed: false,
  subscriptionVerification: true,
};

const acme: Dialect = {
  ...standard,
  name: 'acme',
  title: 'ACME',
  // 200 characters were taken; no limit was hit.
  aeIdMaxLength: 200,
  // resourceNames of 1,000 characters were taken.
  pathMaxLength: 2048,
  // Letters, digits and _ - . ~ ; anything else is 4000 "Invalid ID".
  resourceNamePattern: UNRESERVED,
  // The CSEBase lets everyone create ACPs (1) and notificationTargetPolicies (26) only; a node is 4103.
  nodeCreator: 'administrator',
  // `nl` enters the AE in the node's `hael`; the plain resource ID is the safe form.
  nodeLink: true,
  // A node whose `hael` names an AE that is not there cannot be deleted: 4004.
  hostedAeLinksKept: true,
  // Sends a fraction of six digits; takes times with and without one.
  timestampFraction: true,
  // A scan every 60 s; the subtree goes at once.
  expiryDeletes: true,
  // Cut without a word at CREATE, UPDATE and fan-out (2001, 2004).
  childExpirationCutToParent: true,
  // Only alone in its UPDATE, and by the creator or by `pvs`.
  acpiUpdate: true,
  // Policies do not bind the originator of the CSE itself.
  administratorReadsAll: true,
  // Unregistered originators get 4103.
  cseBaseRetrieve: 'registered',
  // Anyone may ask; what may not be seen is left out.
  discoveryAtBase: 'anyone',
  // They count the children of the target, whatever matches; a page beyond the last is everything.
  discoveryPaged: false,
  // Several labels are OR.
  labelsPerQuery: 'many',
  // `%20` and `+` both split a label in two.
  labelsWithBlank: false,
  // After a 4105 every later CREATE with that AE-ID is 4117, its DELETE 4004, until a restart.
  aeIdAfterConflictLeaks: true,
  // The other order leaves an AE that cannot be updated, with an SP-relative `nl` one that can never be deleted.
  deleteAeBeforeNode: true,
  // The AE-ID is looked at first (4117), then the resourceName (4105).
  conflictChecksNameFirst: false,
  // `ma` in whole seconds; an answer that fails, or none within 10 s, gives what is there.
  blockingRetrieve: true,
  // `/id-in`.
  notificationsNamed: true,
  // 5204 when it fails; none when the target is the creator itself.
  subscriptionVerification: true,
};

const mobius4: Dialect = {
  ...standard,
  name: 'mobius4',
  title: 'Mobius4',
  // 30 are taken, 31 are not.
  aeIdMaxLength: 30,
  // The whole structured path, CSEBase included.
  pathMaxLength: 255,
  // `_ - .` inside but not first; `:` is 4000.
  resourceNamePattern: /^[A-Za-z0-9][A-Za-z0-9\-._]*$/,
  // 4005: supportedResourceType has no 14.
  node: false,
  // `nl` is an unknown attribute: 4000.
  nodeLink: false,
  // `or` on a container is an unknown attribute: 4000; on an AE it is taken.
  containerOntologyRef: false,
  // A fraction is 4000.
  timestampFraction: false,
  // Nobody has tried.
  contentRef: false,
  dataGenerationTime: false,
  // What has expired is still there with 2000; there is a daily sweep.
  expiryDeletes: false,
  // A time beyond the parent's is taken as it is.
  childExpirationCutToParent: false,
  // 5000 when none was set at CREATE.
  acpiUpdate: false,
  // `acod` in a rule: 4000.
  accessControlObjectDetails: false,
  // `all` is understood, `C*` is not.
  originatorWildcards: false,
  // Any originator.
  cseBaseRetrieve: 'anyone',
  discoveryAtBase: 'anyone',
  // `lbl=a+b` is OR; `lbl=a&lbl=b` is never answered.
  labelsPerQuery: 'many',
  labelsWithBlank: false,
  // The resourceName is looked at first (4105), then the AE-ID (4117).
  conflictChecksNameFirst: true,
  deleteAeBeforeNode: false,
  // Any notification target is taken unseen.
  subscriptionVerification: false,
};

const tinyiot: Dialect = {
  ...standard,
  name: 'tinyiot',
  title: 'tinyIoT',
  // 128 were taken.
  aeIdMaxLength: 128,
  // Nothing is refused; a slash inside a name cannot be reached again.
  resourceNamePattern: UNRESERVED,
  // 4000: there is no type 14.
  node: false,
  // `nl` is an unknown attribute: 4000.
  nodeLink: false,
  // `or` is an unknown attribute: 4000.
  containerOntologyRef: false,
  // Numbers, null or a missing `con`: 4000 or a crash.
  content: 'string',
  // Nobody has tried.
  contentRef: false,
  dataGenerationTime: false,
  // `"ty":3.0`, `"net":3.0` in notifications, `"rsc":2001.0` in the answers of a group.
  integersAsFloat: true,
  // Gone about a second after its time.
  expiryDeletes: true,
  // A time beyond the parent's is taken as it is.
  childExpirationCutToParent: false,
  // 4000 by a later UPDATE.
  acpiUpdate: false,
  // `acod` in a rule: 4000.
  accessControlObjectDetails: false,
  // `all` and `C*` are understood.
  originatorWildcards: true,
  // Its creator and the administrator.
  administratorReadsAll: true,
  // Everyone else gets 4103.
  cseBaseRetrieve: 'administrator',
  discoveryAtBase: 'administrator',
  // Only the first `lbl` counts.
  labelsPerQuery: 'one',
  // Found with `%20`.
  labelsWithBlank: true,
  // Anything else is dropped from names.
  asciiOnly: true,
  // Over 64 KiB: 4000.
  bodyMaxBytes: 65_536,
  // 5,000 bytes in its SQLite break a later start.
  contentMaxBytes: 4_096,
  conflictChecksNameFirst: true,
  deleteAeBeforeNode: false,
  // `/tinyiot`.
  notificationsNamed: true,
  // A target that fails is 5204.
  subscriptionVerification: true,
};

/** The dialects by name. Seen on ACME 2026.5.3, Mobius4 4.13.1 and tinyIoT 832205f. */
export const DIALECTS: Readonly<Record<DialectName, Dialect>> = { standard, acme, mobius4, tinyiot };

/** How a CSE is known by its CSEBase: all that a row names must match. */
interface Sign {
  readonly dialect: DialectName;
  readonly csi?: RegExp;
  readonly rn?: RegExp;
  readonly srt?: readonly number[];
  readonly noSrt?: readonly number[];
}

/** Signs in the order in which they are tried. */
const SIGNS: readonly Sign[] = [
  { dialect: 'tinyiot', csi: /^\/?tinyiot$/i },
  { dialect: 'tinyiot', rn: /^tinyiot$/i },
  { dialect: 'mobius4', csi: /^\/?mobius4?$/i, noSrt: [14] },
  { dialect: 'mobius4', rn: /^mobius4?$/i, noSrt: [14] },
  // No other CSE lists these types of release 5: 62 to 66 beside 48 crossResourceSubscription and 58 flexContainerInstance.
  { dialect: 'acme', srt: [48, 58, 62, 63, 64, 65, 66] },
];

/** The dialect that a CSEBase speaks, by its CSE-ID, name and supported types; `standard` when nothing tells. */
export function detectDialect(cseBase: CseBase): DialectName {
  const { csi = '', rn = '', srt = [] } = cseBase;
  const matches = (sign: Sign): boolean =>
    (sign.csi?.test(csi) ?? true) &&
    (sign.rn?.test(rn) ?? true) &&
    (sign.srt?.every((ty) => srt.includes(ty)) ?? true) &&
    !(sign.noSrt?.some((ty) => srt.includes(ty)) ?? false);
  return SIGNS.find(matches)?.dialect ?? 'standard';
}

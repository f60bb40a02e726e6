/** Universal and common attributes by short name (TS-0004 table 6.3.6-1); optional where a CSE may leave them out. */
export interface Resource {
  readonly ri: string;
  readonly rn?: string;
  readonly pi?: string;
  readonly ty?: number;
  readonly ct?: string;
  readonly lt?: string;
  readonly et?: string;
  readonly lbl?: readonly string[];
  readonly acpi?: readonly string[];
  /** Creator; `null` in a CREATE asks the CSE to fill it in (TS-0001 table 9.6.1.3.2-1). */
  readonly cr?: string;
}

/** One rule of an access control policy (TS-0004 6.3.5.25). */
export interface AccessControlRule {
  readonly acor: readonly string[];
  /** Sum of 1 create, 2 retrieve, 4 update, 8 delete, 16 notify, 32 discover (TS-0004 6.3.4.2.29). */
  readonly acop: number;
  readonly acod?: readonly AccessControlObjectDetails[];
}

/** Narrows a rule to child resource types (TS-0004 table 6.3.5.25-1). */
export interface AccessControlObjectDetails {
  readonly ty?: number;
  readonly chty: readonly number[];
}

/** The rules of `pv` and `pvs`. */
export interface AccessControlRules {
  readonly acr?: readonly AccessControlRule[];
}

/** accessControlPolicy (TS-0004 7.4.2). */
export interface AccessControlPolicy extends Resource {
  readonly pv?: AccessControlRules;
  readonly pvs?: AccessControlRules;
}

/** AE (TS-0004 7.4.5). */
export interface Ae extends Resource {
  readonly api?: string;
  readonly aei?: string;
  readonly apn?: string;
  readonly poa?: readonly string[];
  /** nodeLink: resource ID of the node. */
  readonly nl?: string;
  readonly rr?: boolean;
  readonly srv?: readonly string[];
  readonly csz?: readonly string[];
  /** ontologyRef. */
  readonly or?: string;
}

/** container (TS-0004 7.4.6). */
export interface Container extends Resource {
  readonly mni?: number;
  readonly mbs?: number;
  readonly mia?: number;
  readonly cni?: number;
  readonly cbs?: number;
  readonly disr?: boolean;
  readonly st?: number;
  readonly or?: string;
}

/** contentInstance (TS-0004 7.4.7). */
export interface ContentInstance extends Resource {
  readonly con?: unknown;
  /** contentInfo: `media/type:encoding`. */
  readonly cnf?: string;
  /** Size of `con` in bytes. */
  readonly cs?: number;
  readonly st?: number;
  readonly conr?: unknown;
  readonly dgt?: string;
  readonly or?: string;
}

/** CSEBase (TS-0004 7.4.3). */
export interface CseBase extends Resource {
  /** CSE-ID, with its leading slash. */
  readonly csi?: string;
  readonly cst?: number;
  /** supportedResourceType. */
  readonly srt?: readonly number[];
  /** supportedReleaseVersions. */
  readonly srv?: readonly string[];
  readonly poa?: readonly string[];
  readonly csz?: readonly string[];
  readonly nl?: string;
}

/** group (TS-0004 7.4.13). */
export interface Group extends Resource {
  readonly mt?: number;
  readonly mnm?: number;
  readonly cnm?: number;
  readonly mid?: readonly string[];
  readonly mtv?: boolean;
  readonly csy?: number;
  readonly gn?: string;
}

/** node (TS-0004 7.4.18). */
export interface NodeResource extends Resource {
  /** nodeID. */
  readonly ni?: string;
  /** hostedAELinks: resource IDs of the AEs on the node. */
  readonly hael?: readonly string[];
  readonly hcl?: string;
  /** Custodian: may do what the creator may (TS-0001 table 9.6.1.3.2-1). */
  readonly cstn?: string;
}

/** eventNotificationCriteria (TS-0004 6.3.5.7). */
export interface EventNotificationCriteria {
  readonly net?: readonly number[];
  readonly atr?: readonly string[];
  readonly chty?: readonly number[];
}

/** subscription (TS-0004 7.4.8). */
export interface Subscription extends Resource {
  readonly enc?: EventNotificationCriteria;
  readonly nu?: readonly string[];
  readonly nct?: number;
  readonly exc?: number;
  readonly su?: string;
  readonly pn?: number;
  readonly ln?: boolean;
  /** maxAge: ISO 8601 duration beyond which a blocking RETRIEVE asks; ACME has it. */
  readonly ma?: string;
}

/** The resource types that the typed calls know, by resourceType (TS-0004 6.3.4.2.1). */
export interface ResourceMap {
  1: AccessControlPolicy;
  2: Ae;
  3: Container;
  4: ContentInstance;
  5: CseBase;
  9: Group;
  14: NodeResource;
  23: Subscription;
}

/** What only the CSE writes. */
type ReadOnly = 'ri' | 'pi' | 'ty' | 'ct' | 'lt' | 'cr' | 'aei' | 'cni' | 'cbs' | 'cs' | 'st' | 'cnm' | 'mtv';

/** What a CREATE must bring (TS-0004 7.4.x, column Create). */
interface Mandatory {
  1: 'pv' | 'pvs';
  2: 'api' | 'rr' | 'srv';
  3: never;
  4: 'con';
  5: never;
  9: 'mnm' | 'mid';
  14: 'ni';
  23: 'nu';
}

type Writable<T extends keyof ResourceMap> = Omit<ResourceMap[T], ReadOnly>;

/** The attributes of a CREATE: what is mandatory for the type, and anything else a requester may set. */
export type CreateAttributes<T extends keyof ResourceMap> = Writable<T> & {
  readonly [K in Mandatory[T] & keyof ResourceMap[T]]-?: Exclude<ResourceMap[T][K], undefined>;
} & { readonly cr?: null };

/** The attributes of an UPDATE; `null` removes one (TS-0004 7.2.1.1). */
export type UpdateAttributes<T extends keyof ResourceMap> = {
  readonly [K in Exclude<keyof ResourceMap[T], ReadOnly | 'rn'>]?: ResourceMap[T][K] | null;
};

/** One child as `rcn` 6 lists it (TS-0004 6.3.5.29). */
export interface ChildReference {
  readonly name: string;
  readonly type: number;
  /** Address of the child, as the CSE writes it. */
  readonly value: string;
}

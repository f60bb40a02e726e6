/** Operation of a request primitive (TS-0004 6.3.4.2.5). */
export const Operation = { create: 1, retrieve: 2, update: 3, delete: 4, notify: 5 } as const;
export type Operation = (typeof Operation)[keyof typeof Operation];

/** Resource types this project meets (TS-0004 6.3.4.2.1). */
export const ResourceType = {
  acp: 1,
  ae: 2,
  container: 3,
  contentInstance: 4,
  cseBase: 5,
  group: 9,
  mgmtObj: 13,
  node: 14,
  pollingChannel: 15,
  subscription: 23,
} as const;
export type ResourceType = (typeof ResourceType)[keyof typeof ResourceType];

/** The member name of a resource's representation, e.g. `m2m:cnt` (TS-0004 8.2.4). */
export const RESOURCE_NAMES: Readonly<Record<number, string>> = {
  1: 'm2m:acp',
  2: 'm2m:ae',
  3: 'm2m:cnt',
  4: 'm2m:cin',
  5: 'm2m:cb',
  9: 'm2m:grp',
  13: 'm2m:mgo',
  14: 'm2m:nod',
  15: 'm2m:pch',
  23: 'm2m:sub',
};

/** Result content of a request (TS-0004 6.3.4.2.7). */
export const ResultContent = {
  nothing: 0,
  attributes: 1,
  hierarchicalAddress: 2,
  hierarchicalAddressAndAttributes: 3,
  attributesAndChildResources: 4,
  attributesAndChildResourceReferences: 5,
  childResourceReferences: 6,
  originalResource: 7,
  childResources: 8,
  modifiedAttributes: 9,
  semanticContent: 10,
} as const;
export type ResultContent = (typeof ResultContent)[keyof typeof ResultContent];

/**
 * Response type of a request (TS-0004 6.3.4.2.6): 1 nonBlockingRequestSynch, 2 nonBlockingRequestAsynch, 3 blockingRequest,
 * 4 flexBlocking, 5 noResponse.
 */
export type ResponseType = 1 | 2 | 3 | 4 | 5;

/** Filter criteria of a request, by their short names (TS-0004 6.3.5.8, 7.3.3.17). */
export interface FilterCriteria {
  /** filterUsage: 1 discovery, 2 conditional operation. */
  readonly fu?: 1 | 2;
  readonly lbl?: readonly string[];
  readonly ty?: readonly number[];
  readonly chty?: readonly number[];
  readonly pty?: readonly number[];
  /** contentType of a contentInstance. */
  readonly cty?: readonly string[];
  readonly rn?: string;
  readonly cr?: string;
  /** Further `attribute` conditions by the short name of the attribute; values may hold wildcards (7.3.3.17.9). */
  readonly atr?: Readonly<Record<string, string>>;
  readonly lim?: number;
  readonly ofst?: number;
  readonly lvl?: number;
  /** Times in the basic format `YYYYMMDDThhmmss`. */
  readonly crb?: string;
  readonly cra?: string;
  readonly ms?: string;
  readonly us?: string;
  readonly exb?: string;
  readonly exa?: string;
  /** stateTagSmaller, stateTagBigger. */
  readonly sts?: number;
  readonly stb?: number;
  /** sizeAbove, sizeBelow: bytes of content. */
  readonly sza?: number;
  readonly szb?: number;
  /** filterOperation: 1 AND, 2 OR. */
  readonly fo?: 1 | 2;
  readonly arp?: string;
}

/** A request primitive by its short names (TS-0004 6.4.1, 8.2.2). */
export interface RequestPrimitive {
  readonly op: Operation;
  /** CSE-relative (`cse-in/x` or a resource ID), SP-relative (`/cse-id/…`) or absolute (`//sp-id/…`) address. */
  readonly to: string;
  readonly fr?: string;
  readonly rqi: string;
  /** Release version indicator: `2a`, `3`, `4`, `5`. */
  readonly rvi?: string;
  /** Resource type, in a CREATE. */
  readonly ty?: number | undefined;
  /** Primitive content. */
  readonly pc?: unknown;
  readonly rcn?: ResultContent | undefined;
  readonly fc?: FilterCriteria | undefined;
  /** desiredIdentifierResultType: 1 structured, 2 unstructured. */
  readonly drt?: 1 | 2;
  /** responseTypeValue. */
  readonly rt?: ResponseType;
  /** notificationURI of a nonBlockingRequestAsynch, several joined by `&` (TS-0009 6.4.11). */
  readonly rtu?: string;
  /** Originating timestamp. */
  readonly ot?: string;
  /** Request expiration: milliseconds from now, or an absolute time. */
  readonly rqet?: string;
  /** Result expiration: milliseconds from now, or an absolute time. */
  readonly rset?: string;
  /** Operation execution time: milliseconds from now, or an absolute time. */
  readonly oet?: string;
  /** Result persistence. */
  readonly rp?: string;
  /** Event category. */
  readonly ec?: string;
  /** Group request identifier. */
  readonly gid?: string;
  /** Vendor information. */
  readonly vsi?: string;
}

/** A response primitive by its short names (TS-0004 6.4.2, 8.2.2). */
export interface ResponsePrimitive {
  readonly rsc: number;
  readonly rqi?: string;
  readonly rvi?: string;
  readonly fr?: string;
  readonly pc?: unknown;
  /** contentStatus (1 partial, 2 full) and contentOffset of a discovery cut short by a limit. */
  readonly cnst?: number;
  readonly cnot?: number;
  /** Originating timestamp. */
  readonly ot?: string;
  /** Result expiration. */
  readonly rset?: string;
  /** Event category. */
  readonly ec?: string;
  /** Vendor information. */
  readonly vsi?: string;
}

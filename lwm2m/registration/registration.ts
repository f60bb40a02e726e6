import type { Peer } from '../coap/types.ts';

/** An Object, or an Object Instance, that a client lists (LwM2M 1.0 5.3.1). */
export interface ObjectLink {
  readonly objectId: number;
  /** Absent: the Object is supported and has no instance. */
  readonly instanceId?: number;
  /** `ver` of the Object, e.g. `1.1`; absent: the client names none (LwM2M 1.1 7.2). */
  readonly version?: string;
}

/** What a Register or Update payload says; frozen, and shared by all devices that sent the same bytes. */
export interface ObjectLinks {
  /** `/`, or the alternate path of `rt="oma.lwm2m"`, e.g. `/lwm2m`. */
  readonly rootPath: string;
  /** Numbers in `ct` of the root link, in the order sent; empty when it names none. */
  readonly contentFormats: readonly number[];
  /** Entries of that `ct` that are no number, as sent, e.g. `LWM2M+JSON` (TS-0014 draft 6.3.2). */
  readonly contentFormatNames: readonly string[];
  /** Without Objects 0 and 21, without duplicates, by Object and instance number. */
  readonly links: readonly ObjectLink[];
}

/** Versions of the LwM2M enabler that the server speaks. */
export const LWM2M_VERSIONS = ['1.0', '1.1', '1.2'] as const;

/** A version of the LwM2M enabler, as the `lwm2m` parameter names it. */
export type Lwm2mVersion = (typeof LWM2M_VERSIONS)[number];

/** A registered LwM2M client; never changed, a new value takes its place. */
export interface Registration {
  /** Location-Path is `rd/<id>`; cannot be guessed. */
  readonly id: string;
  /** Endpoint Client Name, as sent. */
  readonly endpoint: string;
  /** Where the last accepted Register or Update came from. */
  readonly peer: Peer;
  /** Seconds. */
  readonly lifetime: number;
  readonly version: Lwm2mVersion;
  /** Transport letters without Q, e.g. `U` or `US`. */
  readonly binding: string;
  readonly queueMode: boolean;
  readonly smsNumber?: string;
  readonly objectLinks: ObjectLinks;
  /** Wall clock, milliseconds. */
  readonly registeredAt: number;
  /** Wall clock, milliseconds. */
  readonly updatedAt: number;
}

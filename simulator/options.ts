import { type Clock, type Logger, silentLogger, systemClock } from '../common/index.ts';
import type { Lwm2mVersion } from '../lwm2m/index.ts';
import type { CoapPort } from './coap-port.ts';
import { type Misbehaviour, NO_MISBEHAVIOUR } from './misbehaviour.ts';
import type { ObjectSelection } from './object-tree.ts';
import type { ServerAddress } from './server-uri.ts';

/** What a device tells whoever made it. Times in milliseconds. */
export type DeviceEvent =
  | { readonly type: 'registered'; readonly location: string; readonly took: number }
  | { readonly type: 'updated'; readonly took: number }
  | { readonly type: 'deregistered'; readonly took: number }
  | { readonly type: 'refused'; readonly operation: Operation; readonly code: string; readonly diagnostic: string }
  | { readonly type: 'failed'; readonly operation: Operation; readonly code: string; readonly message: string }
  | { readonly type: 'asked'; readonly method: string; readonly path: string; readonly code: string };

/** Operations of the registration interface. */
export type Operation = 'register' | 'update' | 'deregister';

/** How a simulated device is; everything but `server` and `endpoint` has a default. */
export interface DeviceOptions {
  readonly server: ServerAddress;
  readonly endpoint: string;
  readonly version: Lwm2mVersion;
  /** Seconds. */
  readonly lifetime: number;
  /** Letters without Q, e.g. `U`. */
  readonly binding: string;
  readonly queueMode: boolean;
  readonly smsNumber: string | undefined;
  readonly objects: ObjectSelection;
  /** Objects from the formerly private range (26241 on) that are listed beside, one instance each, and cannot be read. */
  readonly extraObjects: number;
  /** Alternate root path without slashes, e.g. `lwm2m`; empty: none (LwM2M 1.0 5.3.1). */
  readonly rootPath: string;
  /** A link list longer than this many bytes goes in blocks of this size (Block1): a power of two, 16 to 1024. */
  readonly blockSize: number;
  /** Local address; chosen by the system where absent. */
  readonly localAddress: string | undefined;
  /** Part of the lifetime after which the device updates. */
  readonly updateAfter: number;
  /** The largest part of that time by which it comes earlier. */
  readonly jitter: number;
  /** Milliseconds for a whole exchange with all its retransmissions (MAX_TRANSMIT_WAIT, RFC 7252 4.8.2). */
  readonly responseTimeout: number;
  /** Milliseconds before a refused or lost request is tried again: doubled each time, up to `max`. */
  readonly retry: { readonly initial: number; readonly max: number };
  readonly misbehaviour: Misbehaviour;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly onEvent: (event: DeviceEvent, endpoint: string) => void;
  /** A port that several endpoints share, instead of a socket of its own. */
  readonly port: CoapPort | undefined;
}

/** What must be said of a device, and what may be. */
export type DeviceSettings = Pick<DeviceOptions, 'server' | 'endpoint'> & {
  readonly [Name in Exclude<keyof DeviceOptions, 'server' | 'endpoint' | 'misbehaviour'>]?:
    | DeviceOptions[Name]
    | undefined;
} & { readonly misbehaviour?: Partial<Misbehaviour> | undefined };

/** What a device is unless its settings say otherwise. */
export const DEVICE_DEFAULTS: Omit<DeviceOptions, 'server' | 'endpoint'> = {
  version: '1.1',
  lifetime: 300,
  binding: 'U',
  queueMode: false,
  smsNumber: undefined,
  objects: { 1: [0], 3: [0], 5: [0], 3303: [0], 3311: [0] },
  extraObjects: 0,
  rootPath: '',
  blockSize: 1024,
  localAddress: undefined,
  updateAfter: 0.5,
  jitter: 0.1,
  responseTimeout: 93_000,
  retry: { initial: 2_000, max: 60_000 },
  misbehaviour: NO_MISBEHAVIOUR,
  clock: systemClock,
  logger: silentLogger,
  random: Math.random,
  onEvent: () => {},
  port: undefined,
};

/** The settings with every default filled in. */
export function withDefaults(settings: DeviceSettings): DeviceOptions {
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  const misbehaviour = { ...NO_MISBEHAVIOUR, ...settings.misbehaviour };
  return { ...DEVICE_DEFAULTS, ...given, misbehaviour } as DeviceOptions;
}

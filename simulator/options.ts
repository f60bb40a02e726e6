import { type Clock, type Logger, silentLogger, systemClock } from '../common/index.ts';
import type { Lwm2mVersion } from '../lwm2m/index.ts';
import type { BootstrapSettings } from './bootstrap/bootstrap-settings.ts';
import type { CoapPort } from './coap/coap-port.ts';
import type { DeviceKey } from './coap/secure-socket.ts';
import { type Misbehaviour, NO_MISBEHAVIOUR } from './misbehaviour.ts';
import type { ObjectSelection } from './object-tree.ts';
import type { ServerAddress } from './server-uri.ts';

/** What a device tells whoever made it. Times in milliseconds. */
export type DeviceEvent =
  | { readonly type: 'bootstrapped'; readonly server: ServerAddress }
  | { readonly type: 'registered'; readonly location: string; readonly took: number }
  | { readonly type: 'updated'; readonly took: number }
  | { readonly type: 'deregistered'; readonly took: number }
  | { readonly type: 'sent'; readonly took: number }
  | { readonly type: 'notified'; readonly path: string; readonly confirmable: boolean }
  | { readonly type: 'asleep' }
  | { readonly type: 'awake' }
  | { readonly type: 'refused'; readonly operation: Operation; readonly code: string; readonly diagnostic: string }
  | { readonly type: 'failed'; readonly operation: Operation; readonly code: string; readonly message: string }
  | { readonly type: 'asked'; readonly method: string; readonly path: string; readonly code: string };

/** What a device asks of servers: to be bootstrapped, the registration interface, and Send. */
export type Operation = 'bootstrap' | 'register' | 'update' | 'deregister' | 'send';

/** How a simulated device is; everything but `server` and `endpoint` has a default. */
export interface DeviceOptions {
  readonly server: ServerAddress;
  readonly endpoint: string;
  readonly version: Lwm2mVersion;
  /** Seconds. */
  readonly lifetime: number;
  /** For a server of `coaps`. */
  readonly key: DeviceKey | undefined;
  /** Asked for the server, its key and the lifetime before the device registers; absent: they are as said here. */
  readonly bootstrap: BootstrapSettings | undefined;
  /** Letters without Q, e.g. `U`. */
  readonly binding: string;
  readonly queueMode: boolean;
  /** Milliseconds after its last message for which a device in queue mode listens (LwM2M 1.1 Transport 6.5). */
  readonly awakeWindow: number;
  readonly smsNumber: string | undefined;
  readonly objects: ObjectSelection;
  /** Objects from the formerly private range (26241 on) that are listed beside, one instance each, and cannot be read. */
  readonly extraObjects: number;
  /** Alternate root path without slashes, e.g. `lwm2m`; empty: none (LwM2M 1.0 5.3.1). */
  readonly rootPath: string;
  /** What is longer than this many bytes goes in blocks of this size (RFC 7959): a power of two, 16 to 1024. */
  readonly blockSize: number;
  /** Local address; chosen by the system where absent. */
  readonly localAddress: string | undefined;
  /** The only content format beside text and opaque; absent: all of the version. */
  readonly format: number | undefined;
  /** Milliseconds between two looks at the values that are observed. */
  readonly sampleInterval: number;
  /** Every how many notifications one is confirmable (RFC 7641 4.5); 0: none but where the server wants it. */
  readonly confirmEvery: number;
  /** Milliseconds between Sends of the sensors' values by itself; 0: none. From version 1.1 on. */
  readonly sendInterval: number;
  /** Milliseconds between Updates; absent: by the lifetime. */
  readonly updateInterval: number | undefined;
  /** Part of the lifetime after which the device updates. */
  readonly updateAfter: number;
  /** The largest part of that time by which it comes earlier. */
  readonly jitter: number;
  /** Milliseconds for a whole exchange with all its retransmissions (MAX_TRANSMIT_WAIT, RFC 7252 4.8.2). */
  readonly responseTimeout: number;
  /** Milliseconds for which a device that was told to reboot is away; 0: it registers anew at once. */
  readonly rebootTime: number;
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
  key: undefined,
  bootstrap: undefined,
  binding: 'U',
  queueMode: false,
  awakeWindow: 93_000,
  smsNumber: undefined,
  objects: { 1: [0], 3: [0], 5: [0], 3303: [0], 3311: [0] },
  extraObjects: 0,
  rootPath: '',
  blockSize: 1024,
  localAddress: undefined,
  format: undefined,
  sampleInterval: 10_000,
  confirmEvery: 10,
  sendInterval: 0,
  updateInterval: undefined,
  updateAfter: 0.5,
  jitter: 0.1,
  responseTimeout: 93_000,
  rebootTime: 0,
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

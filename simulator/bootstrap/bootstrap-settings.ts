import type { DeviceKey } from '../coap/secure-socket.ts';
import type { ServerAddress } from '../server-uri.ts';

/** The Bootstrap-Server of a device. */
export interface BootstrapSettings {
  readonly server: ServerAddress;
  /** For `coaps`. */
  readonly key?: DeviceKey | undefined;
}

import type { Path } from '../model/path.ts';
import type { NotificationAttributes } from './notification-attributes.ts';

/** One Object, Object Instance, Resource or Resource Instance that a Discover lists (LwM2M 1.1 6.3.2). */
export interface DiscoveredLink {
  readonly path: Path;
  /** Notification attributes on this very link, as assigned there or, for a Discover of a resource, inherited. */
  readonly attributes: NotificationAttributes;
  /** What links above it in the same answer hand down, without what this link says itself (LwM2M 1.1 5.1.2). */
  readonly inherited: NotificationAttributes;
  /** `dim`: number of resource instances. */
  readonly dimension?: number;
  /** `ver` of the object. */
  readonly version?: string;
  /** `ssid`: Short Server ID of a Server or Security instance (Bootstrap-Discover). */
  readonly shortServerId?: number;
  /** `uri` of a Security instance (Bootstrap-Discover). */
  readonly serverUri?: string;
  /** True when the device did not list it, but something below it. */
  readonly implied?: true;
}

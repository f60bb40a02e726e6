import type { Clock, Logger } from '../../common/index.ts';
import type { ObjectModels } from '../model/object-models.ts';
import type { SessionParts, SessionTimes } from './session.ts';

/** Bounds of the Bootstrap interface. */
export interface BootstrapLimits {
  /** Sessions at once; a Bootstrap-Request beyond them is answered 5.03. */
  readonly sessions: number;
  /** Seconds after which a refused one may try again, up to twice as long by chance. */
  readonly retryAfter: number;
}

export const DEFAULT_BOOTSTRAP_LIMITS: BootstrapLimits = { sessions: 1_000, retryAfter: 30 };

/** An operation takes no longer than a confirmable message may (MAX_TRANSMIT_WAIT, RFC 7252 4.8.2). */
export const DEFAULT_SESSION_TIMES: SessionTimes = { operation: 93_000, session: 300_000 };

/** What a service is built from; whatever is absent has a documented default. */
export interface BootstrapServiceOptions {
  /** Asks a client from the socket that it asked. */
  readonly request: SessionParts['request'];
  /** Whether Bootstrap-Pack-Requests are served (LwM2M 1.2 6.1.7.8); true where absent. */
  readonly pack?: boolean;
  readonly limits?: Partial<BootstrapLimits>;
  readonly times?: Partial<SessionTimes>;
  /** The object definitions of the moment; absent: those of the OMA registry. */
  readonly models?: () => Pick<ObjectModels, 'find'>;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** From 0 up to 1; for spreading in time alone. */
  readonly random?: () => number;
}

/** Plain numbers since the start. */
export interface BootstrapCounters {
  /** Bootstrap-Requests that began a session. */
  sessions: number;
  /** Bootstrap-Packs that were given. */
  packs: number;
  finished: number;
  /** Sessions by how they ended otherwise. */
  readonly ended: Record<string, number>;
  /** Bootstrap-Requests and Bootstrap-Pack-Requests by the code that refused them. */
  readonly refusals: Record<string, number>;
}

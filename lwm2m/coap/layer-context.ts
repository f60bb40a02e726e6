import type { Logger } from '../../common/index.ts';
import type { CoapCounters } from './counters.ts';
import type { Deadlines } from './deadlines.ts';
import type { CoapLimits, TransmissionParameters } from './parameters.ts';
import type { PeerTable } from './peers.ts';
import type { Admission } from './rate-limit.ts';
import type { RecentMessages } from './recent-messages.ts';
import type { SendDatagram } from './transport.ts';
import type { Peer } from './types.ts';

/** What the parts of one message layer share. */
export interface LayerContext {
  /** Milliseconds on the monotonic clock. */
  readonly now: () => number;
  /** At least 0, below 1; cannot be foreseen from outside (RFC 7252 5.3.1). */
  readonly random: () => number;
  readonly send: SendDatagram;
  readonly logger: Logger;
  /** Whether one more message that asks for an answer is served. */
  readonly admit: (peer: Peer, now: number) => Admission;
  readonly parameters: TransmissionParameters;
  readonly limits: CoapLimits;
  readonly counters: CoapCounters;
  readonly deadlines: Deadlines;
  readonly peers: PeerTable;
  readonly recent: RecentMessages;
}

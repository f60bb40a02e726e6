/** Times of RFC 7252 4.8 and what goes with them, in milliseconds. */
export interface TransmissionParameters {
  /** ACK_TIMEOUT. */
  readonly ackTimeout: number;
  /** ACK_RANDOM_FACTOR, at least 1. */
  readonly ackRandomFactor: number;
  /** MAX_RETRANSMIT. */
  readonly maxRetransmit: number;
  /** NSTART: requests of ours to one peer at the same time. */
  readonly nstart: number;
  /** EXCHANGE_LIFETIME: how long a CON message is recognised as a duplicate. */
  readonly exchangeLifetime: number;
  /** NON_LIFETIME: the same for a NON message. */
  readonly nonLifetime: number;
  /** How long an answer may take and still go out in the acknowledgement; below ACK_TIMEOUT. */
  readonly patience: number;
  /** How long each message of a request of ours waits for its reply when the caller does not say; MAX_TRANSMIT_WAIT. */
  readonly replyTimeout: number;
  /** Bytes of a block, 16, 32 … 1024 (RFC 7959 2.2); what we ask for and send. */
  readonly blockSize: number;
}

/** MAX_LATENCY (RFC 7252 4.8.2). */
const MAX_LATENCY = 100_000;

/** Completes parameters; the times that RFC 7252 4.8.2 derives follow from those given. */
export function transmissionParameters(given: Partial<TransmissionParameters> = {}): TransmissionParameters {
  const ackTimeout = given.ackTimeout ?? 2_000;
  const ackRandomFactor = given.ackRandomFactor ?? 1.5;
  const maxRetransmit = given.maxRetransmit ?? 4;
  const transmitSpan = ackTimeout * (2 ** maxRetransmit - 1) * ackRandomFactor;
  const transmitWait = ackTimeout * (2 ** (maxRetransmit + 1) - 1) * ackRandomFactor;
  return {
    ackTimeout,
    ackRandomFactor,
    maxRetransmit,
    nstart: given.nstart ?? 1,
    exchangeLifetime: given.exchangeLifetime ?? transmitSpan + 2 * MAX_LATENCY + ackTimeout,
    nonLifetime: given.nonLifetime ?? transmitSpan + MAX_LATENCY,
    patience: given.patience ?? ackTimeout / 2,
    replyTimeout: given.replyTimeout ?? transmitWait,
    blockSize: given.blockSize ?? 1_024,
  };
}

/** Bounds of what peers can make this endpoint hold. */
export interface CoapLimits {
  /** Messages remembered to recognise duplicates; above, the oldest are forgotten early. */
  readonly rememberedMessages: number;
  /** Bytes of remembered answers; above, the oldest are forgotten early. */
  readonly rememberedBytes: number;
  /** Requests whose answer is awaited; above, 5.03. */
  readonly requestsInProgress: number;
  /** Bytes of one request's payload, its blocks together; above, 4.13. */
  readonly requestBytes: number;
  /** Unfinished Block1 transfers; above, 5.03. */
  readonly blockTransfers: number;
  /** Bytes of all unfinished Block1 transfers; above, 5.03. */
  readonly blockTransferBytes: number;
  /** Answers that wait to be fetched block by block; above, the oldest are forgotten. */
  readonly largeAnswers: number;
  /** Bytes of these. */
  readonly largeAnswerBytes: number;
  /** Requests of ours that wait or run, for one peer; above, `coap/busy`. */
  readonly requestsPerPeer: number;
  /** The same for all peers. */
  readonly requestsInAll: number;
  /** Bytes of the payload of one request of ours, its blocks together; above, `coap/too-large`. */
  readonly uploadBytes: number;
  /** Bytes of one reply or notification, its blocks together; above, `coap/reply-too-large`. */
  readonly replyBytes: number;
  /** Bytes of all replies and notifications that are not whole yet; above, `coap/busy`. */
  readonly unfinishedReplyBytes: number;
  /** Notifications held back until one before them is whole; above, they are neither acknowledged nor kept. */
  readonly heldNotifications: number;
  /** Observations whose request is remembered where nobody else does; above, the oldest are forgotten. */
  readonly observations: number;
  /** How many times the bytes of a question its answer may have, with all repetitions, where the peer has no identity. */
  readonly amplification: number;
  /** Bytes that wait in the socket; above, datagrams are dropped as a network would. */
  readonly sendQueueBytes: number;
}

/** The bounds of an endpoint that is not told otherwise. */
export const DEFAULT_LIMITS: CoapLimits = {
  rememberedMessages: 262_144,
  rememberedBytes: 32 << 20,
  requestsInProgress: 20_000,
  requestBytes: 256 << 10,
  blockTransfers: 1_024,
  blockTransferBytes: 16 << 20,
  largeAnswers: 256,
  largeAnswerBytes: 8 << 20,
  requestsPerPeer: 64,
  requestsInAll: 20_000,
  uploadBytes: 16 << 20,
  replyBytes: 1 << 20,
  unfinishedReplyBytes: 64 << 20,
  heldNotifications: 1_024,
  observations: 100_000,
  amplification: Number.POSITIVE_INFINITY,
  sendQueueBytes: 4 << 20,
};

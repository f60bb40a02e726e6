/** What an endpoint has seen and done since it was made. Only ever counts up. */
export interface CoapCounters {
  /** Datagrams that came. */
  received: number;
  /** Datagrams handed to the socket. */
  sent: number;
  /** Requests of peers, without duplicates, each block for itself. */
  requests: number;
  /** Replies to requests of ours, each whole. */
  replies: number;
  /** Notifications taken, each whole. */
  notifications: number;
  /** Notifications acknowledged whose blocks could not be fetched. */
  brokenNotifications: number;
  /** Messages recognised as duplicates. */
  duplicates: number;
  /** Messages of ours sent again. */
  retransmissions: number;
  /** Datagrams that are no CoAP message, dropped or reset. */
  undecodable: number;
  /** Requests refused by the message layer: options, methods, blocks. */
  refused: number;
  /** Replies, acknowledgements and resets that nothing waits for, and notifications refused. */
  unmatched: number;
  /** Messages of ours that a peer answered with a reset. */
  reset: number;
  /** Messages of ours that nobody acknowledged after the last retransmission. */
  givenUp: number;
  /** Answers sent separately, after an empty acknowledgement. */
  separate: number;
  /** Requests and notifications that their handler failed to take. */
  handlerFailures: number;
  /** Requests answered 5.03, and datagrams dropped, because a bound was reached. */
  droppedBusy: number;
  /** Requests and pings refused or ignored because their source, or all together, sent too many a second. */
  limited: number;
  /** Datagrams that the socket could not send, and other errors of the socket. */
  socketErrors: number;
}

/** Counters at zero. */
export function newCounters(): CoapCounters {
  return {
    received: 0,
    sent: 0,
    requests: 0,
    replies: 0,
    notifications: 0,
    brokenNotifications: 0,
    duplicates: 0,
    retransmissions: 0,
    undecodable: 0,
    refused: 0,
    unmatched: 0,
    reset: 0,
    givenUp: 0,
    separate: 0,
    handlerFailures: 0,
    droppedBusy: 0,
    limited: 0,
    socketErrors: 0,
  };
}

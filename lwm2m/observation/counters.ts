/** What has been reported and observed since the start. */
export interface ReportCounters {
  /** Notifications that were fresh and could be read. */
  notifications: number;
  /** Notifications older than one that was there before (RFC 7641 3.4). */
  stale: number;
  /** Notifications under a token that the peer was not given, or no more. */
  unknown: number;
  /** Notifications and Sends that could not be read. */
  unreadable: number;
  /** Observations that devices ended. */
  endedByDevice: number;
  /** Sends taken. */
  sends: number;
  /** Sends of peers that are not registered. */
  strangers: number;
  /** Reports that their listener failed to take. */
  listenerFailures: number;
}

/** All zero. */
export function newReportCounters(): ReportCounters {
  return {
    notifications: 0,
    stale: 0,
    unknown: 0,
    unreadable: 0,
    endedByDevice: 0,
    sends: 0,
    strangers: 0,
    listenerFailures: 0,
  };
}

/** Bounds and times of operations and observations. */
export interface OperationLimits {
  /** Operations that wait for one device; above, they are refused as `invalid`. */
  readonly waitingPerDevice: number;
  /** The same for all devices. */
  readonly waitingInAll: number;
  /** Operations under way, over all devices; the others wait, devices in turn. */
  readonly underWay: number;
  /** Observations of one device. */
  readonly observationsPerDevice: number;
  /** Milliseconds that an answer may take to what the device was never seen to know: a format, a composite operation. */
  readonly trialTimeout: number;
  /** Milliseconds after a Register before its observations are asked for again, at least; at most twice that. */
  readonly settleTime: number;
}

/** What holds when nothing else is said. */
export const DEFAULT_OPERATION_LIMITS: OperationLimits = {
  waitingPerDevice: 256,
  waitingInAll: 200_000,
  underWay: 10_000,
  observationsPerDevice: 1_000,
  trialTimeout: 20_000,
  settleTime: 1_000,
};

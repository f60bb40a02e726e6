import type { CoapCode } from '../coap/types.ts';
import type { Node } from '../content/value.ts';
import type { Path } from '../model/path.ts';
import type { Outcome } from '../operation/outcome.ts';
import type { Registration } from '../registration/registration.ts';

/** Values that a device reported of itself: by a Notify (LwM2M 1.1 6.4.2) or a Send (6.4.6). */
export interface Report {
  readonly registration: Registration;
  readonly source: 'notify' | 'send';
  /** In the order sent; a notification of an instance may hold no more than what changed. */
  readonly nodes: readonly Node[];
  /** Notify: what is observed; absent for composite observations. */
  readonly path?: Path;
  /** The values as they came. */
  readonly content: { readonly format: number; readonly payload: Buffer };
  /** Wall clock, milliseconds. */
  readonly receivedAt: number;
}

/** What became of an observation without anyone asking for it. */
export type ObservationChange = ObservationRenewed | ObservationEnded;

/** The endpoint registered again, and its observations were asked for anew (LwM2M 1.1 6.4.1). */
export interface ObservationRenewed {
  readonly kind: 'renewed';
  readonly registration: Registration;
  readonly paths: readonly Path[];
  readonly composite: boolean;
  /** With the values, as of Observe; anything but a success: it is observed no more. */
  readonly outcome: Outcome;
}

/** The device ended an observation (RFC 7641 4.2), or lists nothing of what is observed any more. */
export interface ObservationEnded {
  readonly kind: 'ended';
  readonly registration: Registration;
  readonly paths: readonly Path[];
  readonly composite: boolean;
  /** What the device said; absent: it lists the object no more. */
  readonly code?: CoapCode;
}

/** Whoever wants to know what devices report. */
export interface ReportListener {
  /**
   * A confirmable notification is acknowledged when this has settled, a Send answered: 5.03 for an `IpeError` that may be
   * retried, 5.00 for any other.
   */
  report(report: Report): void | Promise<void>;
  observationChanged(change: ObservationChange): void;
}

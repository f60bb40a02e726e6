import { Expiring } from '../registration/expiry-buckets.ts';

/** Something whose time comes on the one wheel of queue mode. */
export abstract class Due extends Expiring {
  /** Its time has come; it is on the wheel no more. */
  abstract due(): void;
}

import type { Path } from '../model/path.ts';

/** What has to be known of an observation to take its notifications in a later run (RFC 7641 3.2). */
export interface KeptObservation {
  readonly endpoint: string;
  readonly registrationId: string;
  readonly token: Buffer;
  /** One, unless it is composite. */
  readonly paths: readonly Path[];
  readonly composite: boolean;
  /** Content-Format asked for. */
  readonly format: number | undefined;
}

/** Told of every observation, so that it can be restored after a restart. */
export interface ObservationKeeper {
  /** A device has taken it up, or taken it up anew. */
  began(observation: KeptObservation): void;
  /** It is no more; told also of one that never began. */
  ended(token: Buffer): void;
}

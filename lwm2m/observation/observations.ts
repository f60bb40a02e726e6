import type { KeptObservation, ObservationKeeper } from './kept-observation.ts';
import { Observation, type ObservationTarget, targetText } from './observation.ts';

/** Longer than tokens of other requests, so that none of those is ever the same (RFC 7252 5.3.1). */
export const TOKEN_BYTES = 8;

/** The observations of all registrations. */
export class Observations {
  readonly #perRegistration: number;
  readonly #newToken: () => Buffer;
  readonly #keeper: ObservationKeeper | undefined;
  readonly #byToken = new Map<string, Observation>();
  readonly #byRegistration = new Map<string, Map<string, Observation>>();

  /** `newToken` gives 8 bytes that cannot be foreseen. */
  constructor(perRegistration: number, newToken: () => Buffer, keeper?: ObservationKeeper) {
    this.#perRegistration = perRegistration;
    this.#newToken = newToken;
    this.#keeper = keeper;
  }

  get size(): number {
    return this.#byToken.size;
  }

  /** The observation of a target, made when there is none; none when the registration has too many. */
  obtain(
    { id, endpoint }: { readonly id: string; readonly endpoint: string },
    target: ObservationTarget,
  ): { readonly observation: Observation | undefined; readonly isNew: boolean } {
    const known = this.find(id, target);
    if (known !== undefined) return { observation: known, isNew: false };
    const observed = this.#byRegistration.get(id)?.size ?? 0;
    if (observed >= this.#perRegistration) return { observation: undefined, isNew: true };
    const observation = new Observation(endpoint, id, target, this.#unusedToken());
    this.#add(observation);
    return { observation, isNew: true };
  }

  /** The device has taken an observation up, with the first value under this number; see `Observation.establish`. */
  establish(observation: Observation, format: number | undefined, number: number, now: number): void {
    observation.establish(format, number, now);
    this.#keep(observation);
  }

  /**
   * One that is there is asked for anew. The answer brings a value: a run that ends before that is kept has to leave the
   * next one to ask again, as for an observation that never began.
   */
  asked({ token, isEstablished }: Observation): void {
    if (isEstablished) this.#keeper?.ended(token);
  }

  /** The device did not answer that: what was there before goes on. */
  unanswered(observation: Observation): void {
    if (this.byToken(observation.token) === observation && observation.isEstablished) this.#keep(observation);
  }

  #keep({ endpoint, registrationId, token, target, format }: Observation): void {
    this.#keeper?.began({ endpoint, registrationId, token, ...target, format });
  }

  /** Takes up an observation of an earlier run; false when its token or target is in use. */
  restore({ endpoint, registrationId, token, paths, composite, format }: KeptObservation): boolean {
    const target = { paths, composite };
    if (this.byToken(token) !== undefined || this.find(registrationId, target) !== undefined) return false;
    const observation = new Observation(endpoint, registrationId, target, token);
    observation.resume(format);
    this.#add(observation);
    return true;
  }

  /** The observation of a target by a registration. */
  find(registrationId: string, target: ObservationTarget): Observation | undefined {
    return this.#byRegistration.get(registrationId)?.get(targetText(target));
  }

  /** The observation behind a token; whether it came from the right peer is the caller's to see. */
  byToken(token: Buffer): Observation | undefined {
    return this.#byToken.get(keyOf(token));
  }

  /** What a registration observes. */
  of(registrationId: string): readonly Observation[] {
    return [...(this.#byRegistration.get(registrationId)?.values() ?? [])];
  }

  remove({ token, registrationId, target }: Observation): void {
    if (!this.#byToken.delete(keyOf(token))) return;
    this.#keeper?.ended(token);
    const ofRegistration = this.#byRegistration.get(registrationId);
    ofRegistration?.delete(targetText(target));
    if (ofRegistration?.size === 0) this.#byRegistration.delete(registrationId);
  }

  /** The registration has ended, and its observations with it (LwM2M 1.1 6.4.1). */
  removeAll(registrationId: string): readonly Observation[] {
    const ended = this.of(registrationId);
    for (const { token } of ended) {
      this.#byToken.delete(keyOf(token));
      this.#keeper?.ended(token);
    }
    this.#byRegistration.delete(registrationId);
    return ended;
  }

  #add(observation: Observation): void {
    const { registrationId, target, token } = observation;
    this.#byToken.set(keyOf(token), observation);
    let ofRegistration = this.#byRegistration.get(registrationId);
    if (ofRegistration === undefined) {
      ofRegistration = new Map();
      this.#byRegistration.set(registrationId, ofRegistration);
    }
    ofRegistration.set(targetText(target), observation);
  }

  #unusedToken(): Buffer {
    for (;;) {
      const token = this.#newToken();
      if (!this.#byToken.has(keyOf(token))) return token;
    }
  }
}

function keyOf(token: Buffer): string {
  return token.toString('latin1');
}

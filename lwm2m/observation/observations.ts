import { Observation, type ObservationTarget, targetText } from './observation.ts';

/** Longer than tokens of other requests, so that none of those is ever the same (RFC 7252 5.3.1). */
export const TOKEN_BYTES = 8;

/** The observations of all registrations. */
export class Observations {
  readonly #perRegistration: number;
  readonly #newToken: () => Buffer;
  readonly #byToken = new Map<string, Observation>();
  readonly #byRegistration = new Map<string, Map<string, Observation>>();

  /** `newToken` gives 8 bytes that cannot be foreseen. */
  constructor(perRegistration: number, newToken: () => Buffer) {
    this.#perRegistration = perRegistration;
    this.#newToken = newToken;
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
    const ofRegistration = this.#byRegistration.get(id) ?? new Map<string, Observation>();
    if (ofRegistration.size >= this.#perRegistration) return { observation: undefined, isNew: true };
    const observation = new Observation(endpoint, id, target, this.#unusedToken());
    this.#byToken.set(keyOf(observation.token), observation);
    ofRegistration.set(targetText(target), observation);
    this.#byRegistration.set(id, ofRegistration);
    return { observation, isNew: true };
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
    const ofRegistration = this.#byRegistration.get(registrationId);
    ofRegistration?.delete(targetText(target));
    if (ofRegistration?.size === 0) this.#byRegistration.delete(registrationId);
  }

  /** The registration has ended, and its observations with it (LwM2M 1.1 6.4.1). */
  removeAll(registrationId: string): readonly Observation[] {
    const ended = this.of(registrationId);
    for (const observation of ended) this.#byToken.delete(keyOf(observation.token));
    this.#byRegistration.delete(registrationId);
    return ended;
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

/** Texts of this many kinds are shared; others are kept as they come. */
const MOST = 100_000;

/** One copy of what many devices have alike, such as `3303_0/5700`. */
export class SharedTexts {
  readonly #texts = new Map<string, string>();

  /** The same text, as it was first given. */
  of(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size < MOST) this.#texts.set(text, text);
    return text;
  }
}

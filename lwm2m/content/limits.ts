/** What a decoder takes at most; beyond it a DecodeError `content/limit`. */
export interface ContentLimits {
  /** Bytes of one payload. */
  readonly bytes: number;
  /** Values in one payload. */
  readonly nodes: number;
  /** Levels of nested CBOR or JSON items. */
  readonly depth: number;
}

/** Room for a large instance and a long history; firmware does not travel this way. */
export const DEFAULT_CONTENT_LIMITS: ContentLimits = { bytes: 4 * 1024 * 1024, nodes: 20_000, depth: 16 };

/** What an error means to its caller, beside its message. */
export interface IpeErrorOptions {
  /** True when the same call may succeed later without anyone changing anything. */
  readonly retryable?: boolean;
  /** Facts for the log; never a credential. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The root of every error that the project throws: a stable `code` such as `cse/timeout`, and `retryable`. */
export class IpeError extends Error {
  readonly code: string;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, options: IpeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }
}

/** The only error that a decoder or parser throws, for any input; `offset` is where it stopped, where known. */
export class DecodeError extends IpeError {
  readonly offset: number | undefined;

  constructor(code: string, message: string, offset?: number) {
    super(code, message, offset === undefined ? {} : { details: { offset } });
    this.offset = offset;
  }
}

/** The message of anything thrown, in one line and without a stack. */
export function errorMessage(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replace(/\s*[\r\n]+\s*/g, ' ');
}

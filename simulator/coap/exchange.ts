import type { CoapCode } from '../../lwm2m/index.ts';

/** Where a request of the server came from. */
export interface Asker {
  readonly address: string;
  readonly port: number;
}

/** A request of the server to the device, its blocks put together. */
export interface DeviceRequest {
  readonly asker: Asker;
  /** `GET`, `FETCH` …; a dotted code where it has no name. */
  readonly method: string;
  /** Path segments. */
  readonly path: readonly string[];
  readonly query: readonly string[];
  readonly accept: number | undefined;
  readonly contentFormat: number | undefined;
  readonly observe: number | undefined;
  readonly token: Buffer;
  readonly payload: Buffer;
}

/** A response of the device. */
export interface DeviceResponse {
  readonly code: CoapCode;
  readonly contentFormat?: number | undefined;
  readonly payload?: string | Buffer | undefined;
  /** Present: the request began an observation (RFC 7641 2). */
  readonly observe?: number | undefined;
  readonly locationPath?: readonly string[] | undefined;
}

/** A response, and how it is given. */
export interface DeviceAnswer extends DeviceResponse {
  /** Milliseconds that the device takes; from a second on it acknowledges first (RFC 7252 5.2.2). */
  readonly delay?: number | undefined;
  /** Called when the response has been sent. */
  readonly after?: (() => void) | undefined;
}

/** An acknowledgement and nothing after it, or not a word. */
export type NoAnswer = 'acknowledge' | 'silent';

/** How a notification ended that the server did not simply take. */
export type NotificationEnd = 'acknowledged' | 'reset' | 'lost';

/** Who answers the server's requests. */
export interface PortHandler {
  /** False while the device sleeps and hears nothing. */
  /** Bytes of a block that the device sends, and takes at most: 16, 32 … 1024 (RFC 7959 2.2). */
  readonly blockSize: number;
  listens(): boolean;
  answer(request: DeviceRequest): DeviceAnswer | NoAnswer;
}

/** What names the representation that a request asks for, whoever asks. */
export function representationKey(request: DeviceRequest): string {
  const { method, path, query, accept, payload } = request;
  const asked = method === 'FETCH' ? payload.toString('base64') : '';
  return JSON.stringify([method === 'FETCH' ? method : 'GET', path, query, accept, asked]);
}

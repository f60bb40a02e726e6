import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ClientHello } from './client-hello.ts';
import { CONTENT_TYPE } from './records.ts';

/** Bytes of a cookie; enough that none is guessed, and a HelloVerifyRequest stays shorter than any ClientHello. */
const COOKIE = 16;
const SECRET = 32;
const HELLO_VERIFY_REQUEST = 3;
/** RFC 6347 4.2.1: 1.0, whatever version is agreed on later. */
const VERSION = [0xfe, 0xff] as const;

/**
 * Cookies that prove that a sender receives what is sent to its address (RFC 6347 4.2.1). Nothing is kept for a sender: a
 * cookie is the HMAC of address, port and the parameters of its ClientHello under a secret that changes.
 */
export class Cookies {
  readonly #lifetime: number;
  readonly #newSecret: () => Buffer;
  #secret: Buffer;
  #previous: Buffer;
  #changeAt: number;

  /** A cookie holds for `lifetime` milliseconds and at most twice as long. */
  constructor(lifetime: number, now: number, randomBytes: (count: number) => Buffer) {
    this.#lifetime = lifetime;
    this.#newSecret = () => randomBytes(SECRET);
    this.#secret = this.#newSecret();
    this.#previous = this.#secret;
    this.#changeAt = now + lifetime;
  }

  /** The HelloVerifyRequest that answers a ClientHello from `sender` (RFC 6347 4.2.1). */
  request(hello: ClientHello, sender: string, now: number): Buffer {
    this.#change(now);
    return helloVerifyRequest(hello, cookieOf(this.#secret, hello, sender));
  }

  /** True when the ClientHello carries the cookie that was sent to this sender for these parameters. */
  verify(hello: ClientHello, sender: string, now: number): boolean {
    if (hello.cookie.length !== COOKIE) return false;
    this.#change(now);
    return (
      timingSafeEqual(hello.cookie, cookieOf(this.#secret, hello, sender)) ||
      timingSafeEqual(hello.cookie, cookieOf(this.#previous, hello, sender))
    );
  }

  #change(now: number): void {
    if (now < this.#changeAt) return;
    this.#previous = now < this.#changeAt + this.#lifetime ? this.#secret : this.#newSecret();
    this.#secret = this.#newSecret();
    this.#changeAt = now + this.#lifetime;
  }
}

function cookieOf(secret: Buffer, hello: ClientHello, sender: string): Buffer {
  const digest = createHmac('sha256', secret).update(hello.parameters).update(sender).digest();
  return digest.subarray(0, COOKIE);
}

function helloVerifyRequest(hello: ClientHello, cookie: Buffer): Buffer {
  const body = Buffer.from([...VERSION, cookie.length, ...cookie]);
  const header = Buffer.alloc(12);
  header[0] = HELLO_VERIFY_REQUEST;
  header.writeUIntBE(body.length, 1, 3);
  header.writeUIntBE(body.length, 9, 3);
  const length = header.length + body.length;
  const record = Buffer.from([CONTENT_TYPE.handshake, ...VERSION, 0, 0, ...hello.sequence, length >> 8, length & 255]);
  return Buffer.concat([record, header, body]);
}

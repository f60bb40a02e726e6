import { type CipherSuite, cipherSuite } from './cipher-suites.ts';
import { held, type Pointer } from './openssl-functions.ts';
import { fingerprintOf } from './raw-public-keys.ts';
import { isSound, MAX_PLAINTEXT, packRecords, RECORD_HEADER, recordEnd } from './records.ts';
import type { OfferedKey, SecurityContext } from './security-context.ts';

/** Numbers of `SSL_ctrl`, `SSL_want` and `SSL_get_shutdown`, from the headers of OpenSSL 3. */
const CTRL = { setMtu: 17, handleTimeout: 74 } as const;
const WANTS_TO_READ = 3;
const SENT_CLOSE = 1;
const RECEIVED_CLOSE = 2;
/** ERR_LIB_SSL. */
const LIBSSL = 20;

/** Where a connection stands; `ended`: by close_notify of the peer, `failed`: by an alert or an error. */
export type ConnectionState = 'handshake' | 'established' | 'ended' | 'failed';

/** Takes datagrams of records, `buffer[offset..offset + length)`, to be sent before it returns or copied. */
export type SendRecords = (buffer: Buffer, offset: number, length: number) => void;

/** One DTLS connection of the server, as OpenSSL keeps it. Must be freed; must not be used afterwards. */
export class Connection {
  readonly #context: SecurityContext;
  readonly #ssl: Pointer;
  readonly #mtu: number;
  readonly #send: SendRecords;
  #cipherSuite: CipherSuite | undefined;
  #state: ConnectionState = 'handshake';
  #offered: OfferedKey | undefined;

  /** `mtu`: the most bytes of a datagram of the handshake, at least 256. */
  constructor(context: SecurityContext, mtu: number, send: SendRecords) {
    const { call } = context.openssl;
    this.#context = context;
    this.#mtu = mtu;
    this.#send = send;
    this.#ssl = held(call.SSL_new(context.pointer));
    call.BIO_up_ref(context.input);
    call.BIO_up_ref(context.output);
    call.SSL_set_bio(this.#ssl, context.input, context.output);
    call.SSL_ctrl(this.#ssl, CTRL.setMtu, mtu, null);
    call.DTLS_set_timer_cb(this.#ssl, context.retransmission);
    call.SSL_set_accept_state(this.#ssl);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The key that the peer was asked to prove; absent before it named one, and when it resumed a session. */
  get offered(): OfferedKey | undefined {
    return this.#offered;
  }

  /** True when keys of an earlier handshake were taken up again. */
  get resumed(): boolean {
    return this.#context.openssl.call.SSL_session_reused(this.#ssl) === 1;
  }

  /** What was agreed on; absent before the end of the handshake. */
  get cipherSuite(): CipherSuite | undefined {
    return this.#cipherSuite;
  }

  /** The PSK identity of the session, also of a resumed one. */
  get pskIdentity(): string | undefined {
    return this.#context.openssl.call.SSL_get_psk_identity(this.#ssl) ?? undefined;
  }

  /** The certificate of the peer, DER. */
  get peerCertificate(): Buffer | undefined {
    const { call } = this.#context.openssl;
    const certificate = call.SSL_get1_peer_certificate(this.#ssl);
    if (certificate === null) return undefined;
    const bio = held(call.BIO_new(call.BIO_s_mem()));
    const { buffer } = this.#context;
    const length = call.i2d_X509_bio(bio, certificate) === 1 ? call.BIO_read(bio, buffer, buffer.length) : 0;
    call.BIO_free(bio);
    call.X509_free(certificate);
    return length > 0 ? Buffer.from(buffer.subarray(0, length)) : undefined;
  }

  /** The fingerprint of the raw public key of the peer; absent where it has another proof, or a key that no device may have. */
  get peerPublicKey(): string | undefined {
    const { openssl } = this.#context;
    const raw = openssl.rawPublicKeys;
    const key = raw?.SSL_get0_peer_rpk(this.#ssl) ?? null;
    return raw === undefined || key === null ? undefined : fingerprintOf(openssl, raw, key);
  }

  /** The fingerprint of the key that founded the session; see {@link mark}. */
  get fingerprint(): number {
    const { openssl, fingerprintIndex } = this.#context;
    const session = openssl.call.SSL_get_session(this.#ssl);
    return session === null ? 0 : openssl.call.SSL_SESSION_get_ex_data(session, fingerprintIndex);
  }

  /** Keeps the fingerprint of the key with the session, for when it is resumed. */
  mark(fingerprint: number): void {
    const { openssl, fingerprintIndex } = this.#context;
    const session = openssl.call.SSL_get_session(this.#ssl);
    if (session !== null) openssl.call.SSL_SESSION_set_ex_data(session, fingerprintIndex, fingerprint);
  }

  /** Begins with the ClientHello whose cookie has been verified, as if this connection had sent the HelloVerifyRequest. */
  begin(datagram: Buffer): void {
    const { openssl, input, address } = this.#context;
    const first = recordEnd(datagram, 0);
    openssl.call.BIO_write(input, datagram, first);
    if (openssl.call.DTLSv1_listen(this.#ssl, address) !== 1) this.#state = 'failed';
    else if (first < datagram.length) openssl.call.BIO_write(input, datagram.subarray(first), datagram.length - first);
    if (this.#state === 'handshake') this.#advance();
    else this.#settle();
  }

  /** Takes in a datagram of whole records; gives what was said to the application, in the order of the records. */
  take(datagram: Buffer): Buffer[] {
    // OpenSSL takes a protected record that is too short for its suite for the end of the connection, although nobody has
    // authenticated it; it is to be dropped (RFC 6347 4.1.2.7).
    if (this.#cipherSuite !== undefined && !isSound(datagram, this.#cipherSuite)) return [];
    this.#context.openssl.call.BIO_write(this.#context.input, datagram, datagram.length);
    if (this.#state === 'handshake') this.#advance();
    return this.#state === 'established' ? this.#read() : [];
  }

  /** Protects and sends what the application says; false when that is longer than a record may be, or the connection ended. */
  write(bytes: Uint8Array): boolean {
    if (this.#state !== 'established' || bytes.length > MAX_PLAINTEXT) return false;
    const { call } = this.#context.openssl;
    call.SSL_alloc_buffers(this.#ssl);
    const written = call.SSL_write(this.#ssl, bytes, bytes.length) > 0;
    this.#settle();
    return written;
  }

  /** Sends a flight again whose answer is overdue by OpenSSL's clock (RFC 6347 4.2.4). */
  retransmit(): void {
    const { call } = this.#context.openssl;
    if (call.SSL_ctrl(this.#ssl, CTRL.handleTimeout, 0, null) < 0) this.#state = 'failed';
    this.#settle();
  }

  /** Sends close_notify, once. */
  close(): void {
    if (this.#state !== 'established' && this.#state !== 'ended') return;
    const { call } = this.#context.openssl;
    call.SSL_alloc_buffers(this.#ssl);
    call.SSL_shutdown(this.#ssl);
    this.#settle();
    this.#state = 'ended';
  }

  /** Gives back the native memory; unless `forget`, the session may be resumed. */
  free(forget = false): void {
    const { openssl, pointer } = this.#context;
    const { call } = openssl;
    const session = call.SSL_get_session(this.#ssl);
    if (session !== null && (forget || this.#state === 'failed')) call.SSL_CTX_remove_session(pointer, session);
    // A session without close_notify would not be resumed; devices vanish without one.
    if (this.#state !== 'handshake') call.SSL_set_shutdown(this.#ssl, SENT_CLOSE | RECEIVED_CLOSE);
    call.SSL_free(this.#ssl);
    call.ERR_clear_error();
  }

  #advance(): void {
    const { openssl } = this.#context;
    this.#context.offered = undefined;
    const done = openssl.call.SSL_do_handshake(this.#ssl);
    this.#offered = this.#context.offered ?? this.#offered;
    if (done === 1) this.#establish();
    else this.#judge();
    this.#settle();
  }

  #establish(): void {
    const { call } = this.#context.openssl;
    const cipher = call.SSL_get_current_cipher(this.#ssl);
    this.#state = 'established';
    if (cipher !== null) this.#cipherSuite = cipherSuite(call.SSL_CIPHER_get_protocol_id(cipher) & 0xffff);
  }

  /** What the established connection has to say; nothing is read of a record that does not prove its origin. */
  #read(): Buffer[] {
    const { openssl, buffer } = this.#context;
    const { call } = openssl;
    const messages: Buffer[] = [];
    for (;;) {
      const length = call.SSL_read(this.#ssl, buffer, buffer.length);
      if (length > 0) messages.push(Buffer.from(buffer.subarray(0, length)));
      else break;
    }
    this.#judge();
    this.#settle();
    return messages;
  }

  /**
   * What it means that OpenSSL has nothing more to give. Not by SSL_get_error: it takes whatever was complained of a record
   * that was dropped for the end of the connection. Complaints of libssl itself come with fatal alerts alone.
   */
  #judge(): void {
    const { call } = this.#context.openssl;
    const failed = errorLibrary(call.ERR_peek_last_error()) === LIBSSL;
    if ((call.SSL_get_shutdown(this.#ssl) & RECEIVED_CLOSE) !== 0) this.#state = failed ? 'failed' : 'ended';
    else if (failed || call.SSL_want(this.#ssl) !== WANTS_TO_READ) this.#state = 'failed';
  }

  /** Sends what OpenSSL wrote, and leaves nothing behind for the next connection. */
  #settle(): void {
    const { openssl, output, buffer } = this.#context;
    const { call } = openssl;
    let held = 0;
    for (;;) {
      const room = buffer.length - held;
      const length = call.BIO_read(output, held === 0 ? buffer : buffer.subarray(held), room);
      if (length <= 0) break;
      const whole = wholeRecords(buffer, held + length);
      packRecords(buffer.subarray(0, whole), this.#mtu, (offset, size) => this.#send(buffer, offset, size));
      if (length < room) break;
      buffer.copyWithin(0, whole, held + length);
      held = held + length - whole;
    }
    // They are most of what an idle session holds. Reading takes them again by itself, writing does not.
    if (this.#state !== 'handshake') call.SSL_free_buffers(this.#ssl);
    if (this.#state === 'failed') this.#context.reset();
    call.ERR_clear_error();
  }
}

/** The part of OpenSSL that an error comes from (`ERR_GET_LIB`). */
function errorLibrary(error: number): number {
  return (error >>> 23) & 0xff;
}

/** The bytes up to the last whole record. */
function wholeRecords(bytes: Buffer, length: number): number {
  let end = 0;
  while (end + RECORD_HEADER <= length && recordEnd(bytes, end) <= length) end = recordEnd(bytes, end);
  return end;
}

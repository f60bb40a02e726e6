import { load, pointer, proto, register, unregister } from 'koffi';
import { IpeError } from '../../../common/index.ts';
import { loadOpenssl, type Openssl } from '../../../lwm2m/dtls/openssl.ts';
import { held, type Pointer } from '../../../lwm2m/dtls/openssl-functions.ts';
import { useRawPublicKeys, verification } from '../../../lwm2m/dtls/raw-public-keys.ts';
import { type ServerCertificate, useCertificate } from '../../../lwm2m/dtls/server-certificate.ts';

/** What the client's side needs of OpenSSL beside what the server uses. */
function clientFunctions() {
  const library = load(null);
  const f = (name: string, result: string, parameters: string[]) => library.func(name, result, parameters);
  return {
    method: f('DTLS_client_method', 'void *', []),
    setConnectState: f('SSL_set_connect_state', 'void', ['void *']),
    setPskCallback: f('SSL_CTX_set_psk_client_callback', 'void', ['void *', 'void *']),
    setSession: f('SSL_set_session', 'int', ['void *', 'void *']),
    takeSession: f('SSL_get1_session', 'void *', ['void *']),
    freeSession: f('SSL_SESSION_free', 'void', ['void *']),
    renegotiate: f('SSL_renegotiate', 'int', ['void *']),
  };
}

type ClientFunctions = ReturnType<typeof clientFunctions>;
const PSK_CALLBACK = pointer(proto('uint', ['void *', 'void *', 'void *', 'uint', 'void *', 'uint']));
const BUFFER = Buffer.alloc(20_000);
const RESET = 1;

export interface ClientSettings {
  readonly identity?: string;
  readonly key?: Uint8Array;
  readonly certificate?: ServerCertificate;
  /** Its own private key, PEM, for a raw public key. */
  readonly rawPublicKey?: string;
  /** Cipher list of OpenSSL. */
  readonly ciphers?: string;
  readonly mtu?: number;
  /** A session of before, to be resumed. */
  readonly session?: Pointer;
  /** First and longest wait for an answer, ms. */
  readonly retransmitTime?: number;
  readonly longestRetransmitTime?: number;
}

/** The client's side of OpenSSL, which clients share. */
export class ClientContext {
  readonly openssl: Openssl;
  readonly functions: ClientFunctions;
  readonly pointer: Pointer;
  readonly timer: Pointer;
  current: ClientSettings = {};
  /** The fingerprints of the raw public keys that servers showed. */
  readonly shown: (string | undefined)[] = [];
  readonly #callback: Pointer;
  #verify: Pointer | undefined;

  constructor(openssl: Openssl, ciphers = 'PSK-AES128-CCM8', certificate?: ServerCertificate, rawPublicKey?: string) {
    this.openssl = openssl;
    this.functions = clientFunctions();
    const { call } = openssl;
    this.pointer = held(call.SSL_CTX_new(this.functions.method()));
    call.SSL_CTX_set_cipher_list(this.pointer, `${ciphers}:@SECLEVEL=0`);
    call.SSL_CTX_ctrl(this.pointer, 123, 0xfefd, null);
    call.SSL_CTX_set_options(this.pointer, 0x1000);
    if (certificate !== undefined) useCertificate(openssl, this.pointer, certificate);
    if (rawPublicKey !== undefined) this.#useRawPublicKey(rawPublicKey, certificate === undefined);
    this.timer = openssl.callback('timer', (_ssl, before) => {
      const { retransmitTime = 1_000, longestRetransmitTime = 60_000 } = this.current;
      return before === 0 ? 1_000 * retransmitTime : Math.min(2 * before, 1_000 * longestRetransmitTime);
    });
    this.#callback = register((_ssl: Pointer, _hint: Pointer, identity: Pointer, _most: number, key: Pointer) => {
      const { identity: own = '', key: secret = Buffer.alloc(0) } = this.current;
      openssl.writeAt(identity, Buffer.from(`${own}\0`));
      openssl.writeAt(key, secret);
      return secret.length;
    }, PSK_CALLBACK);
    this.functions.setPskCallback(this.pointer, this.#callback);
  }

  static async load(ciphers?: string, certificate?: ServerCertificate, rawPublicKey?: string): Promise<ClientContext> {
    return new ClientContext(await loadOpenssl(), ciphers, certificate, rawPublicKey);
  }

  free(): void {
    this.openssl.call.SSL_CTX_free(this.pointer);
    this.openssl.release(this.timer);
    unregister(this.#callback);
    if (this.#verify !== undefined) this.openssl.release(this.#verify);
  }

  /** Whatever the server shows is believed. */
  #useRawPublicKey(privateKey: string, alone: boolean): void {
    const raw = this.openssl.rawPublicKeys;
    if (raw === undefined) throw new IpeError('test/openssl', 'this OpenSSL has no raw public keys');
    const judge = (fingerprint: string | undefined) => this.shown.push(fingerprint) > 0;
    const verify = this.openssl.callback('verify', verification(this.openssl, raw, judge));
    useRawPublicKeys(this.openssl, raw, this.pointer, { privateKey, verify, alone });
    this.#verify = verify;
  }
}

/** A DTLS client without a socket: datagrams go in by `take` and come out by `send`. */
export class DtlsClient {
  established = false;
  failed = false;
  ended = false;
  readonly context: ClientContext;
  readonly #settings: ClientSettings;
  readonly #ssl: Pointer;
  readonly #input: Pointer;
  readonly #output: Pointer;
  readonly #send: (datagram: Buffer) => void;
  readonly #mtu: number;

  constructor(context: ClientContext, settings: ClientSettings, send: (datagram: Buffer) => void) {
    const { call } = context.openssl;
    this.context = context;
    this.#settings = settings;
    this.#send = send;
    this.#mtu = settings.mtu ?? 1_200;
    this.#ssl = held(call.SSL_new(context.pointer));
    this.#input = held(call.BIO_new(call.BIO_s_mem()));
    this.#output = held(call.BIO_new(call.BIO_s_mem()));
    call.BIO_ctrl(this.#input, 130, -1, null);
    call.BIO_ctrl(this.#output, 130, -1, null);
    call.SSL_set_bio(this.#ssl, this.#input, this.#output);
    call.SSL_ctrl(this.#ssl, 17, this.#mtu, null);
    call.DTLS_set_timer_cb(this.#ssl, context.timer);
    context.functions.setConnectState(this.#ssl);
    if (settings.session !== undefined) context.functions.setSession(this.#ssl, settings.session);
  }

  get resumed(): boolean {
    return this.context.openssl.call.SSL_session_reused(this.#ssl) === 1;
  }

  start(): void {
    this.#advance();
  }

  /** What the server said to the application. */
  take(datagram: Buffer): Buffer[] {
    const { call } = this.context.openssl;
    call.BIO_write(this.#input, datagram, datagram.length);
    if (!this.established) this.#advance();
    return this.established ? this.#read() : [];
  }

  write(bytes: Uint8Array): void {
    this.context.openssl.call.SSL_write(this.#ssl, bytes, bytes.length);
    this.#flush();
  }

  /** Sends again what is overdue; OpenSSL gives up after twelve times. */
  tick(): void {
    this.#prepare();
    if (this.context.openssl.call.SSL_ctrl(this.#ssl, 74, 0, null) < 0) this.failed = true;
    this.#flush();
  }

  close(): void {
    this.context.openssl.call.SSL_shutdown(this.#ssl);
    this.#flush();
  }

  /** Asks for new keys within the session. */
  renegotiate(): void {
    this.context.functions.renegotiate(this.#ssl);
    this.context.openssl.call.SSL_do_handshake(this.#ssl);
    this.#flush();
  }

  /** What a later client may resume; to be freed by `freeSession`. */
  session(): Pointer {
    return this.context.functions.takeSession(this.#ssl) as Pointer;
  }

  freeSession(session: Pointer): void {
    this.context.functions.freeSession(session);
  }

  free(): void {
    const { call } = this.context.openssl;
    call.SSL_set_shutdown(this.#ssl, 3);
    call.SSL_free(this.#ssl);
    call.ERR_clear_error();
  }

  #prepare(): void {
    this.context.current = this.#settings;
  }

  #advance(): void {
    const { call } = this.context.openssl;
    this.#prepare();
    if (call.SSL_do_handshake(this.#ssl) === 1) this.established = true;
    else if (call.SSL_want(this.#ssl) !== 3 || call.SSL_get_shutdown(this.#ssl) !== 0) this.failed = true;
    this.#flush();
  }

  #read(): Buffer[] {
    const { call } = this.context.openssl;
    const messages: Buffer[] = [];
    for (let n = call.SSL_read(this.#ssl, BUFFER, BUFFER.length); n > 0; ) {
      messages.push(Buffer.from(BUFFER.subarray(0, n)));
      n = call.SSL_read(this.#ssl, BUFFER, BUFFER.length);
    }
    if (call.SSL_want(this.#ssl) !== 3) {
      if ((call.SSL_get_shutdown(this.#ssl) & 2) !== 0) this.ended = true;
      else this.failed = true;
    }
    this.#flush();
    return messages;
  }

  #flush(): void {
    const { call } = this.context.openssl;
    const length = call.BIO_read(this.#output, BUFFER, BUFFER.length);
    const bytes = Buffer.from(BUFFER.subarray(0, Math.max(0, length)));
    let start = 0;
    for (let end = 0; end + 13 <= bytes.length; ) {
      const next = end + 13 + bytes.readUInt16BE(end + 11);
      if (next - start > this.#mtu && end > start) {
        this.#send(bytes.subarray(start, end));
        start = end;
      }
      end = next;
      if (end >= bytes.length) this.#send(bytes.subarray(start, end));
    }
    call.BIO_ctrl(this.#output, RESET, 0, null);
    call.ERR_clear_error();
  }
}

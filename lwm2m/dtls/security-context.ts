import { hash, randomBytes, randomFillSync } from 'node:crypto';
import { IpeError } from '../../common/index.ts';
import { CIPHER_SUITES, type CipherSuite, cipherList } from './cipher-suites.ts';
import type { Openssl } from './openssl.ts';
import { held, type Pointer } from './openssl-functions.ts';
import { type RawPublicKeys, useRawPublicKeys, verification } from './raw-public-keys.ts';
import { type ServerCertificate, useCertificate } from './server-certificate.ts';

/** Numbers of `SSL_CTX_ctrl` and `BIO_ctrl`, from the headers of OpenSSL 3. */
const CTRL = {
  sessionCacheSize: 42,
  sessionCacheMode: 44,
  maxCertificates: 51,

  minVersion: 123,
  maxVersion: 124,
} as const;
const BIO_END_MEANS_RETRY = 130;
const BIO_RESET = 1;
const DTLS_1_2 = 0xfefd;
/**
 * SSL_OP_NO_QUERY_MTU, _NO_TICKET, _NO_COMPRESSION, _NO_ENCRYPT_THEN_MAC, _CIPHER_SERVER_PREFERENCE, _NO_RENEGOTIATION.
 * With RFC 7366 a forged record would end a CBC connection of OpenSSL 3.0, without it is dropped.
 */
const OPTIONS = 0x1000 | 0x4000 | 0x2_0000 | 0x8_0000 | 0x40_0000 | 0x4000_0000;
/** CRYPTO_EX_INDEX_SSL_SESSION. */
const SESSION_DATA = 2;
const SESSION_ID_CONTEXT = Buffer.from('lwm2m');
/** Bytes of certificates that a device may send; bounds what a handshake may hold. */
const CERTIFICATES = 16_384;
/** What takes the place of the key of an identity that nobody knows (RFC 4279 2). */
const UNKNOWN_KEY = 16;
/** The longest record with all that may be around its plaintext (RFC 6347 4.1). */
const ROOM = 16_384 + 2_048 + 13;

export interface SecuritySettings {
  readonly ciphers: readonly CipherSuite[];
  /** The key of a PSK identity; absent: no PSK. */
  readonly credential: ((identity: string) => Uint8Array | undefined) | undefined;
  readonly certificate: ServerCertificate | undefined;
  /** Without effect where OpenSSL has no raw public keys. */
  readonly rawPublicKeys: RawPublicKeys | undefined;
  /** Sessions that are remembered for resumption, and for how long, s. */
  readonly resumableSessions: number;
  readonly resumptionTime: number;
  /** First and longest wait for the answer to a flight, ms. */
  readonly retransmitTime: number;
  readonly longestRetransmitTime: number;
}

/** The key that a handshake was offered: whose, and a number that another key would hardly have. */
export interface OfferedKey {
  /** PSK identity, or fingerprint of a raw public key. */
  readonly identity: string;
  /** 0 where the identity is unknown. */
  readonly fingerprint: number;
}

/**
 * What all connections of a server share in native memory: keys, cipher suites, resumable sessions, and one pair of memory
 * BIOs, which are empty whenever nobody is at work. Must be freed.
 */
export class SecurityContext {
  readonly openssl: Openssl;
  /** The SSL_CTX. */
  readonly pointer: Pointer;
  /** Where OpenSSL reads records from, and writes them to. */
  readonly input: Pointer;
  readonly output: Pointer;
  /** Room for whatever comes out of OpenSSL; overwritten with each call. */
  readonly buffer: Buffer = Buffer.allocUnsafe(ROOM);
  /** A BIO_ADDR that DTLSv1_listen wants. */
  readonly address: Pointer;
  /** Index of the fingerprint of the key in a resumable session. */
  readonly fingerprintIndex: number;
  /** The callback with the waits of connections. */
  readonly retransmission: Pointer;
  /** What the handshake that runs just now was offered. */
  offered: OfferedKey | undefined;
  readonly #settings: SecuritySettings;
  readonly #callbacks: Pointer[];
  readonly #salt = randomBytes(16);
  /** Keys that nobody has, drawn many at a time. */
  readonly #noKeys = Buffer.alloc(256 * UNKNOWN_KEY);
  #noKeyAt = 0;

  /** Throws `IpeError` `dtls/ciphers` where OpenSSL has none of the suites, or `dtls/certificate`. */
  constructor(openssl: Openssl, settings: SecuritySettings) {
    const { call } = openssl;
    this.openssl = openssl;
    this.#settings = settings;
    this.pointer = held(call.SSL_CTX_new(call.DTLS_server_method()));
    this.input = this.#memory();
    this.output = this.#memory();
    this.address = held(call.BIO_ADDR_new());
    this.fingerprintIndex = call.CRYPTO_get_ex_new_index(SESSION_DATA, 0, null, null, null, null);
    const psk = openssl.callback('psk', (_ssl, identity, key, room) => this.#offer(identity, key, room));
    // Cookies are looked at before there is a connection.
    const cookie = openssl.callback('cookie', () => 1);
    this.retransmission = openssl.callback('timer', (_ssl, before) => nextWait(before, settings));
    this.#callbacks = [psk, cookie, this.retransmission];
    try {
      this.#configure(psk, cookie);
      this.#offerRawPublicKeys();
    } catch (error) {
      this.free();
      throw error;
    }
  }

  /** The fingerprint of the key that this identity has now; 0 where it has none. */
  fingerprint(identity: string): number {
    const key = this.#settings.credential?.(identity);
    return key === undefined ? 0 : this.#fingerprintOf(key);
  }

  /** True while the owner of the raw public key with this fingerprint may come. */
  trusts(fingerprint: string): boolean {
    return this.#settings.rawPublicKeys?.trusts(fingerprint) ?? false;
  }

  /** Forgets what is left in the BIOs. */
  reset(): void {
    const { call } = this.openssl;
    call.BIO_ctrl(this.input, BIO_RESET, 0, null);
    call.BIO_ctrl(this.output, BIO_RESET, 0, null);
  }

  /** Gives back all native memory. No connection may be left. */
  free(): void {
    const { openssl } = this;
    openssl.call.SSL_CTX_free(this.pointer);
    openssl.call.BIO_free(this.input);
    openssl.call.BIO_free(this.output);
    openssl.call.BIO_ADDR_free(this.address);
    for (const callback of this.#callbacks) openssl.release(callback);
  }

  #configure(psk: Pointer, cookie: Pointer): void {
    const { call } = this.openssl;
    const { ciphers, certificate, credential, resumableSessions, resumptionTime } = this.#settings;
    const rawPublicKeys = this.openssl.rawPublicKeys && this.#settings.rawPublicKeys;
    const keys = { psk: credential, signature: certificate ?? rawPublicKeys };
    const usable = ciphers.filter((name) => keys[CIPHER_SUITES[name].keys] !== undefined);
    if (usable.length === 0 || call.SSL_CTX_set_cipher_list(this.pointer, cipherList(usable)) !== 1) {
      this.openssl.takeReason();
      throw new IpeError('dtls/ciphers', `${this.openssl.version} has none of the cipher suites ${ciphers.join(', ')}`);
    }
    call.SSL_CTX_set_options(this.pointer, OPTIONS);
    call.SSL_CTX_ctrl(this.pointer, CTRL.minVersion, DTLS_1_2, null);
    call.SSL_CTX_ctrl(this.pointer, CTRL.maxVersion, DTLS_1_2, null);
    call.SSL_CTX_ctrl(this.pointer, CTRL.maxCertificates, CERTIFICATES, null);
    if (resumableSessions === 0) call.SSL_CTX_ctrl(this.pointer, CTRL.sessionCacheMode, 0, null);
    else call.SSL_CTX_ctrl(this.pointer, CTRL.sessionCacheSize, resumableSessions, null);
    call.SSL_CTX_set_timeout(this.pointer, resumptionTime);
    call.SSL_CTX_set_session_id_context(this.pointer, SESSION_ID_CONTEXT, SESSION_ID_CONTEXT.length);
    call.SSL_CTX_set_psk_server_callback(this.pointer, psk);
    call.SSL_CTX_set_cookie_generate_cb(this.pointer, cookie);
    call.SSL_CTX_set_cookie_verify_cb(this.pointer, cookie);
    if (certificate !== undefined) useCertificate(this.openssl, this.pointer, certificate);
  }

  #offerRawPublicKeys(): void {
    const { openssl } = this;
    const { rawPublicKeys, certificate } = this.#settings;
    if (rawPublicKeys === undefined || openssl.rawPublicKeys === undefined) return;
    const judge = verification(openssl, openssl.rawPublicKeys, (fingerprint) => {
      const trusted = fingerprint !== undefined && this.trusts(fingerprint);
      this.offered = { identity: fingerprint ?? 'no key of P-256', fingerprint: trusted ? 1 : 0 };
      return trusted;
    });
    const verify = openssl.callback('verify', judge);
    this.#callbacks.push(verify);
    const { privateKey } = rawPublicKeys;
    useRawPublicKeys(openssl, openssl.rawPublicKeys, this.pointer, {
      privateKey,
      verify,
      alone: certificate === undefined,
    });
  }

  /** An unknown identity gets a key that nobody has, so that it looks like a wrong key from outside (RFC 4279 2). */
  #offer(pointer: Pointer | null, room: Pointer, size: number): number {
    try {
      const identity = pointer === null ? '' : this.openssl.textAt(pointer);
      const noKey = this.#drawKey();
      // A replacement character stands for bytes that are no UTF-8.
      const known = identity.includes('\ufffd') ? undefined : this.#settings.credential?.(identity);
      const usable = known !== undefined && known.length > 0 && known.length <= size ? known : undefined;
      this.offered = { identity, fingerprint: usable === undefined ? 0 : this.#fingerprintOf(usable) };
      this.openssl.writeAt(room, usable ?? noKey);
      return (usable ?? noKey).length;
    } catch {
      return 0;
    }
  }

  /** Drawn for each handshake, so that those of unknown identities take no longer. */
  #drawKey(): Buffer {
    if (this.#noKeyAt === 0) randomFillSync(this.#noKeys);
    const key = this.#noKeys.subarray(this.#noKeyAt, this.#noKeyAt + UNKNOWN_KEY);
    this.#noKeyAt = (this.#noKeyAt + UNKNOWN_KEY) % this.#noKeys.length;
    return key;
  }

  #fingerprintOf(key: Uint8Array): number {
    return hash('sha256', Buffer.concat([this.#salt, key]), 'buffer').readUIntBE(0, 6) || 1;
  }

  #memory(): Pointer {
    const { call } = this.openssl;
    const bio = held(call.BIO_new(call.BIO_s_mem()));
    call.BIO_ctrl(bio, BIO_END_MEANS_RETRY, -1, null);
    return bio;
  }
}

/** RFC 6347 4.2.4.1; microseconds. */
function nextWait(before: number, { retransmitTime, longestRetransmitTime }: SecuritySettings): number {
  return 1_000 * (before === 0 ? retransmitTime : Math.min(before / 500, longestRetransmitTime));
}

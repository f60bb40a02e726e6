import { IpeError } from '../../common/index.ts';

/** An address in native memory; null is none. */
export type Pointer = bigint;

/** How each kind of value crosses into C. `bytes` are read and written in place. */
export const C_TYPES = {
  void: 'void',
  int: 'int',
  long: 'long',
  word: 'uintptr_t',
  size: 'size_t',
  options: 'uint64_t',
  pointer: 'void *',
  bytes: 'void *',
  text: 'str',
} as const;

interface JsTypes {
  void: undefined;
  int: number;
  long: number;
  word: number;
  size: number;
  options: number;
  pointer: Pointer | null;
  bytes: Uint8Array | Pointer | null;
  text: string | null;
}

type Kind = keyof typeof C_TYPES;

/** Result and parameters of functions, by name. */
export type FunctionTable = Readonly<Record<string, readonly [Kind, readonly Kind[]]>>;

/** What is used of OpenSSL 3 (libssl and libcrypto): result and parameters of each function, as its manual page has them. */
export const OPENSSL_FUNCTIONS = {
  OpenSSL_version: ['text', ['int']],
  OpenSSL_version_num: ['word', []],
  ERR_clear_error: ['void', []],
  ERR_peek_last_error: ['word', []],
  ERR_reason_error_string: ['text', ['word']],
  CRYPTO_get_ex_new_index: ['int', ['int', 'long', 'pointer', 'pointer', 'pointer', 'pointer']],

  BIO_s_mem: ['pointer', []],
  BIO_new: ['pointer', ['pointer']],
  BIO_new_mem_buf: ['pointer', ['bytes', 'int']],
  BIO_up_ref: ['int', ['pointer']],
  BIO_free: ['int', ['pointer']],
  BIO_ctrl: ['long', ['pointer', 'int', 'long', 'bytes']],
  BIO_read: ['int', ['pointer', 'bytes', 'int']],
  BIO_write: ['int', ['pointer', 'bytes', 'int']],
  BIO_ADDR_new: ['pointer', []],
  BIO_ADDR_free: ['void', ['pointer']],

  DTLS_server_method: ['pointer', []],
  SSL_CTX_new: ['pointer', ['pointer']],
  SSL_CTX_free: ['void', ['pointer']],
  SSL_CTX_ctrl: ['long', ['pointer', 'int', 'long', 'bytes']],
  SSL_CTX_set_options: ['options', ['pointer', 'options']],
  SSL_CTX_set_cipher_list: ['int', ['pointer', 'text']],
  SSL_CTX_set_timeout: ['long', ['pointer', 'long']],
  SSL_CTX_set_session_id_context: ['int', ['pointer', 'bytes', 'int']],
  SSL_CTX_set_psk_server_callback: ['void', ['pointer', 'pointer']],
  SSL_CTX_set_cookie_generate_cb: ['void', ['pointer', 'pointer']],
  SSL_CTX_set_cookie_verify_cb: ['void', ['pointer', 'pointer']],
  SSL_CTX_use_certificate: ['int', ['pointer', 'pointer']],
  SSL_CTX_use_PrivateKey: ['int', ['pointer', 'pointer']],
  SSL_CTX_check_private_key: ['int', ['pointer']],
  SSL_CTX_set_verify: ['void', ['pointer', 'int', 'pointer']],
  SSL_CTX_get_cert_store: ['pointer', ['pointer']],
  SSL_CTX_remove_session: ['int', ['pointer', 'pointer']],
  X509_STORE_add_cert: ['int', ['pointer', 'pointer']],
  PEM_read_bio_X509: ['pointer', ['pointer', 'pointer', 'pointer', 'bytes']],
  PEM_read_bio_PrivateKey: ['pointer', ['pointer', 'pointer', 'pointer', 'bytes']],
  i2d_X509_bio: ['int', ['pointer', 'pointer']],
  X509_free: ['void', ['pointer']],
  EVP_PKEY_free: ['void', ['pointer']],

  SSL_new: ['pointer', ['pointer']],
  SSL_free: ['void', ['pointer']],
  SSL_alloc_buffers: ['int', ['pointer']],
  SSL_free_buffers: ['int', ['pointer']],
  SSL_set_bio: ['void', ['pointer', 'pointer', 'pointer']],
  SSL_set_accept_state: ['void', ['pointer']],
  SSL_ctrl: ['long', ['pointer', 'int', 'long', 'bytes']],
  DTLS_set_timer_cb: ['void', ['pointer', 'pointer']],
  DTLSv1_listen: ['int', ['pointer', 'pointer']],
  SSL_do_handshake: ['int', ['pointer']],
  SSL_read: ['int', ['pointer', 'bytes', 'int']],
  SSL_write: ['int', ['pointer', 'bytes', 'int']],
  SSL_want: ['int', ['pointer']],
  SSL_shutdown: ['int', ['pointer']],
  SSL_get_shutdown: ['int', ['pointer']],
  SSL_set_shutdown: ['void', ['pointer', 'int']],
  SSL_session_reused: ['int', ['pointer']],
  SSL_get_session: ['pointer', ['pointer']],
  SSL_SESSION_set_ex_data: ['int', ['pointer', 'int', 'word']],
  SSL_SESSION_get_ex_data: ['word', ['pointer', 'int']],
  SSL_get_psk_identity: ['text', ['pointer']],
  SSL_get_current_cipher: ['pointer', ['pointer']],
  SSL_CIPHER_get_protocol_id: ['int', ['pointer']],
  SSL_get1_peer_certificate: ['pointer', ['pointer']],
} as const satisfies FunctionTable;

/** What is used of OpenSSL 3.2 and later alone: raw public keys (RFC 7250). */
export const RAW_PUBLIC_KEY_FUNCTIONS = {
  SSL_CTX_set1_server_cert_type: ['int', ['pointer', 'bytes', 'size']],
  SSL_CTX_set1_client_cert_type: ['int', ['pointer', 'bytes', 'size']],
  SSL_get0_peer_rpk: ['pointer', ['pointer']],
  X509_STORE_CTX_get0_rpk: ['pointer', ['pointer']],
  X509_STORE_CTX_get_error: ['int', ['pointer']],
  X509_STORE_CTX_set_error: ['void', ['pointer', 'int']],
  i2d_PUBKEY_bio: ['int', ['pointer', 'pointer']],
} as const satisfies FunctionTable;

type Arguments<K extends readonly Kind[]> = { [I in keyof K]: JsTypes[K[I]] };

/** The functions of a table, to be called. */
export type Callable<T extends FunctionTable> = {
  readonly [N in keyof T]: (...values: Arguments<T[N][1]>) => JsTypes[T[N][0]];
};

export type OpensslFunctions = Callable<typeof OPENSSL_FUNCTIONS>;
export type RawPublicKeyFunctions = Callable<typeof RAW_PUBLIC_KEY_FUNCTIONS>;

/** Functions of ours that OpenSSL calls: result and parameters. */
export const OPENSSL_CALLBACKS = {
  /** `SSL_psk_server_cb_func`: identity, room for the key, its size; gives the length of the key, 0 for none. */
  psk: ['uint', ['void *', 'void *', 'void *', 'uint']],
  /** `SSL_CTX_set_cookie_verify_cb` and, since both have three parameters, `SSL_CTX_set_cookie_generate_cb`. */
  cookie: ['int', ['void *', 'void *', 'void *']],
  /** `SSL_verify_cb`: what OpenSSL thinks, X509_STORE_CTX; gives 1 where the peer is believed. */
  verify: ['int', ['int', 'void *']],
  /** `DTLS_timer_cb`: the wait of before, 0 at first; gives the next one; both in microseconds. */
  timer: ['uint', ['void *', 'uint']],
} as const satisfies Readonly<Record<string, readonly [string, readonly string[]]>>;

/** What the functions of ours are given and give. */
export interface OpensslCallbacks {
  psk: (ssl: Pointer, identity: Pointer | null, key: Pointer, room: number) => number;
  cookie: () => number;
  verify: (preverified: number, store: Pointer) => number;
  timer: (ssl: Pointer, before: number) => number;
}

/** A pointer that OpenSSL gives unless there is no memory left; then throws `IpeError` `dtls/memory`. */
export function held(pointer: Pointer | null): Pointer {
  if (pointer === null) throw new IpeError('dtls/memory', 'OpenSSL has no memory left');
  return pointer;
}

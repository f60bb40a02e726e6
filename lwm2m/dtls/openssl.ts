import { errorMessage, IpeError } from '../../common/index.ts';
import {
  C_TYPES,
  type Callable,
  type FunctionTable,
  held,
  OPENSSL_CALLBACKS,
  OPENSSL_FUNCTIONS,
  type OpensslCallbacks,
  type OpensslFunctions,
  type Pointer,
  RAW_PUBLIC_KEY_FUNCTIONS,
  type RawPublicKeyFunctions,
} from './openssl-functions.ts';

type Koffi = typeof import('koffi');
type Library = ReturnType<Koffi['load']>;

/** The first version with all functions of the table. */
const OLDEST = 0x3000_0000;

/** The OpenSSL that does the cryptography and the state machine of DTLS. */
export interface Openssl {
  /** As it names itself, e.g. `OpenSSL 3.0.19 27 Jan 2026`. */
  readonly version: string;
  /** Absent where it knows no raw public keys (LwM2M security mode 1, RFC 7250), which came with 3.2. */
  readonly rawPublicKeys: RawPublicKeyFunctions | undefined;
  readonly call: OpensslFunctions;
  /** Makes a function of ours known to C; it must not throw. To be given back by {@link release}. */
  callback<K extends keyof OpensslCallbacks>(kind: K, call: OpensslCallbacks[K]): Pointer;
  release(callback: Pointer): void;
  /** The UTF-8 text that ends with a zero byte. */
  textAt(pointer: Pointer): string;
  /** Copies bytes out to native memory, which must have room for them. */
  writeAt(pointer: Pointer, bytes: Uint8Array): void;
  /** What the last failed call complained of, and forgets all complaints. */
  takeReason(): string;
}

/**
 * Finds OpenSSL inside the running Node, or in the shared library at `path`. Rejects with `IpeError` `dtls/unavailable`
 * where it, a function of it, or the means to call it are missing.
 */
export async function loadOpenssl(path?: string): Promise<Openssl> {
  try {
    const koffi: Koffi = await import('koffi');
    // Node exports OpenSSL functions of its own: another library must prefer the ones it came with.
    return bind(koffi, path === undefined ? koffi.load(null) : koffi.load(path, { deep: true }));
  } catch (error) {
    const where = path === undefined ? 'in this Node.js' : `in ${path}`;
    throw new IpeError(
      'dtls/unavailable',
      `DTLS needs OpenSSL 3, which is not to be had ${where}: ${errorMessage(error)}`,
      {
        cause: error,
      },
    );
  }
}

function bind(koffi: Koffi, library: Library): Openssl {
  const { call, missing } = bindFunctions(library, OPENSSL_FUNCTIONS);
  if (missing.length > 0) throw new IpeError('dtls/unavailable', `it lacks ${missing.join(', ')}`);
  const raw = bindFunctions(library, RAW_PUBLIC_KEY_FUNCTIONS);
  const version = call.OpenSSL_version(0) ?? 'OpenSSL';
  if (call.OpenSSL_version_num() < OLDEST) throw new IpeError('dtls/unavailable', `${version} is too old`);
  const types = Object.fromEntries(
    Object.entries(OPENSSL_CALLBACKS).map(([kind, [result, parameters]]) => [
      kind,
      koffi.pointer(koffi.proto(result, [...parameters])),
    ]),
  );
  return {
    version,
    rawPublicKeys: raw.missing.length === 0 ? raw.call : undefined,
    call,
    callback: (kind, given) => koffi.register(given, types[kind] as ReturnType<Koffi['pointer']>),
    release: (callback) => koffi.unregister(callback),
    textAt: (pointer) => koffi.decode.string(pointer),
    writeAt: (pointer, bytes) => copyOut(call, pointer, bytes),
    takeReason() {
      const reason = call.ERR_reason_error_string(call.ERR_peek_last_error()) ?? 'no reason given';
      call.ERR_clear_error();
      return reason;
    },
  };
}

/** By way of a BIO, which wipes what it held; `koffi.encode` loses some bytes of memory with each call. */
function copyOut(call: OpensslFunctions, pointer: Pointer, bytes: Uint8Array): void {
  const bio = held(call.BIO_new(call.BIO_s_mem()));
  call.BIO_write(bio, bytes, bytes.length);
  call.BIO_read(bio, pointer, bytes.length);
  call.BIO_free(bio);
}

function bindFunctions<T extends FunctionTable>(library: Library, table: T): { call: Callable<T>; missing: string[] } {
  const missing: string[] = [];
  const functions = Object.entries(table).map(([name, [result, parameters]]) => {
    try {
      const types = parameters.map((kind) => C_TYPES[kind]);
      return [name, library.func(name, C_TYPES[result], types)];
    } catch {
      missing.push(name);
      return [name, undefined];
    }
  });
  return { call: Object.fromEntries(functions), missing };
}

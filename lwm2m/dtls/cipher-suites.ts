/**
 * What the content of a protected record may be long: explicit nonce and tag (RFC 5288 3, RFC 6655 3, 4); IV, MAC and
 * padding to whole blocks (RFC 5246 6.2.3.2).
 */
const PROTECTED = {
  tag8: { least: 16, unit: 1 },
  tag16: { least: 24, unit: 1 },
  cbc: { least: 64, unit: 16 },
} as const;

/**
 * The cipher suites on offer, in the order in which the server prefers them: AEAD before CBC, full tags before short
 * ones. `byDefault`: those that LwM2M asks for (TS-Transport 6.2; RFC 7925 4.2 to 4.4) and their stronger kin.
 * `signature`: with a certificate or a raw public key.
 */
export const CIPHER_SUITES = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: {
    shape: 'tag16',
    code: 0xc02b,
    openssl: 'ECDHE-ECDSA-AES128-GCM-SHA256',
    keys: 'signature',
    byDefault: true,
  },
  TLS_ECDHE_ECDSA_WITH_AES_128_CCM: {
    shape: 'tag16',
    code: 0xc0ac,
    openssl: 'ECDHE-ECDSA-AES128-CCM',
    keys: 'signature',
    byDefault: true,
  },
  TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8: {
    shape: 'tag8',
    code: 0xc0ae,
    openssl: 'ECDHE-ECDSA-AES128-CCM8',
    keys: 'signature',
    byDefault: true,
  },
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: {
    shape: 'cbc',
    code: 0xc023,
    openssl: 'ECDHE-ECDSA-AES128-SHA256',
    keys: 'signature',
    byDefault: false,
  },
  TLS_PSK_WITH_AES_128_GCM_SHA256: {
    shape: 'tag16',
    code: 0x00a8,
    openssl: 'PSK-AES128-GCM-SHA256',
    keys: 'psk',
    byDefault: true,
  },
  TLS_PSK_WITH_AES_128_CCM: { shape: 'tag16', code: 0xc0a4, openssl: 'PSK-AES128-CCM', keys: 'psk', byDefault: true },
  TLS_PSK_WITH_AES_128_CCM_8: { shape: 'tag8', code: 0xc0a8, openssl: 'PSK-AES128-CCM8', keys: 'psk', byDefault: true },
  TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256: {
    shape: 'cbc',
    code: 0xc037,
    openssl: 'ECDHE-PSK-AES128-CBC-SHA256',
    keys: 'psk',
    byDefault: false,
  },
  TLS_PSK_WITH_AES_128_CBC_SHA256: {
    shape: 'cbc',
    code: 0x00ae,
    openssl: 'PSK-AES128-CBC-SHA256',
    keys: 'psk',
    byDefault: false,
  },
} as const satisfies Readonly<
  Record<
    string,
    { code: number; openssl: string; keys: 'psk' | 'signature'; byDefault: boolean; shape: keyof typeof PROTECTED }
  >
>;

/** The name of a cipher suite in the registry of IANA. */
export type CipherSuite = keyof typeof CIPHER_SUITES;

const NAMES = Object.keys(CIPHER_SUITES) as CipherSuite[];

/** The suites that are offered where nothing is configured. */
export const DEFAULT_CIPHER_SUITES: readonly CipherSuite[] = NAMES.filter((name) => CIPHER_SUITES[name].byDefault);

/** The suite with this code on the wire. */
export function cipherSuite(code: number): CipherSuite | undefined {
  return NAMES.find((name) => CIPHER_SUITES[name].code === code);
}

/** The cipher list of OpenSSL for these suites, in our order. CCM_8 is below its default level by the length of its tag. */
export function cipherList(suites: readonly CipherSuite[]): string {
  const chosen = NAMES.filter((name) => suites.includes(name));
  const level = chosen.some((name) => name.endsWith('CCM_8')) ? ':@SECLEVEL=0' : '';
  return chosen.map((name) => CIPHER_SUITES[name].openssl).join(':') + level;
}

/** True when a record that this suite protects may have a content of this length. */
export function isProtectedLength(suite: CipherSuite, length: number): boolean {
  const { least, unit } = PROTECTED[CIPHER_SUITES[suite].shape];
  return length >= least && length % unit === 0;
}

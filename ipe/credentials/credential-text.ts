import * as z from 'zod';
import { errorMessage, IpeError } from '../../common/index.ts';
import { publicKeyFingerprint } from '../../lwm2m/index.ts';
import { assertCredential, type Credential } from './credential.ts';

const entry = z.strictObject({
  endpoint: z.string(),
  identity: z.string().optional(),
  psk: z
    .string()
    .regex(/^(?:[0-9a-fA-F]{2}){1,64}$/)
    .optional(),
  publicKey: z
    .string()
    .regex(/^[A-Za-z0-9+/]{1,512}={0,2}$/)
    .optional(),
  use: z.enum(['server', 'bootstrap']).default('server'),
  fresh: z.boolean().default(false),
});

const document = z.strictObject({ credentials: z.array(entry).max(1_000_000) });

/** A credential as JSON has it: with `identity` and `psk` in hexadecimal, or with `publicKey` in base64 of DER. */
export type StoredCredential = z.input<typeof entry>;

/** What stands for a credential in JSON. */
export function storedCredential({ endpoint, identity, key, publicKey, use, fresh }: Credential): StoredCredential {
  const proof =
    publicKey === undefined ? { identity, psk: key.toString('hex') } : { publicKey: publicKey.toString('base64') };
  return { endpoint, ...proof, ...(use === 'server' ? undefined : { use }), ...(fresh && { fresh }) };
}

/** The credential in JSON of any origin; throws IpeError `credentials/file` that begins with `name`. */
export function credentialOf(json: unknown, name: string): Credential {
  const parsed = entry.safeParse(json);
  if (!parsed.success) throw wrong(name, `${parsed.error.issues[0]?.path.join(' ') ?? ''}: not as it must be`);
  return checked(parsed.data, name);
}

/** Credentials as text: JSON, one a line. */
export function credentialText(credentials: Iterable<Credential>): string {
  const lines = [...credentials].map((credential) => JSON.stringify(storedCredential(credential)));
  return `{"credentials": [\n${lines.join(',\n')}\n]}\n`;
}

/** Reads such a text; throws IpeError `credentials/file` that says which entry is wrong, never what its key is. */
export function parseCredentialText(text: string, name: string): Credential[] {
  const parsed = document.safeParse(parseJson(text, name));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw wrong(name, `${['credentials', ...(issue?.path.slice(1) ?? [])].join(' ')}: not as it must be`);
  }
  const seen = new Set<string>();
  return parsed.data.credentials.map((one, index) => {
    const credential = checked(one, `${name}: entry ${index + 1}`);
    if (seen.has(credential.identity)) throw wrong(name, `entry ${index + 1}: the identity stands twice`);
    seen.add(credential.identity);
    return credential;
  });
}

function checked(parsed: z.output<typeof entry>, name: string): Credential {
  const credential = proved(parsed);
  if (credential === undefined) throw wrong(name, 'it needs either identity and psk, or publicKey');
  try {
    assertCredential(credential);
  } catch (error) {
    throw wrong(name, errorMessage(error));
  }
  return credential;
}

function proved({ identity, psk, publicKey, ...rest }: z.output<typeof entry>): Credential | undefined {
  if (identity !== undefined && psk !== undefined && publicKey === undefined) {
    return { ...rest, identity, key: Buffer.from(psk, 'hex') };
  }
  if (identity !== undefined || psk !== undefined || publicKey === undefined) return undefined;
  const der = Buffer.from(publicKey, 'base64');
  return { ...rest, identity: publicKeyFingerprint(der) ?? 'unknown', publicKey: der };
}

/** The messages of JSON.parse show what they stumbled over, which may be a key. */
function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw wrong(name, 'it is no JSON');
  }
}

function wrong(name: string, reason: string): IpeError {
  return new IpeError('credentials/file', `credentials ${name}: ${reason}`);
}

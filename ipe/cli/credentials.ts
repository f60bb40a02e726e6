import { existsSync, readFileSync, statSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { errorMessage, IpeError, systemClock } from '../../common/index.ts';
import { loadConfiguration } from '../configuration/index.ts';
import type { Credential, CredentialUse } from '../credentials/credential.ts';
import type { Credentials } from '../credentials/credentials.ts';
import { createLogger } from '../log.ts';
import type { Surroundings } from './surroundings.ts';

const EXAMPLES = `
The keys lie in the file that lwm2m.coaps.credentials names, or in --store. A running bridge takes changes up within a
second; the session of a key that is removed ends. Keys are never printed.

Examples:
  $ lwm2m-ipe credentials add --endpoint lamp-1 --generate --key-file lamp-1.key
  $ lwm2m-ipe credentials add --endpoint lamp-1 --identity lamp-1 --psk -      the key in hexadecimal from standard input
  $ lwm2m-ipe credentials add --endpoint lamp-2 --public-key lamp-2.pem       a raw public key, EC P-256
  $ lwm2m-ipe credentials list
  $ lwm2m-ipe credentials remove --identity lamp-1
  $ lwm2m-ipe credentials import fleet.json                                    as export writes it; all of it or nothing
  $ lwm2m-ipe credentials export --with-keys backup.json                       a file for its owner alone`;

const LONGEST_INPUT = 64 << 20;
/** Without raw public keys (RFC 7250). */
const OLD_OPENSSL = /^3\.[01]\./;
const LONGEST_PUBLIC_KEY = 65_536;
/** No key of P-256 is shorter, hardly a name of a file as long. */
const BASE64 = /^[A-Za-z0-9+/_-]{78,}={0,2}$/;

interface StoreOptions {
  readonly store?: string;
  readonly config?: string;
}

interface AddOptions extends StoreOptions {
  readonly endpoint: string;
  readonly identity?: string;
  readonly psk?: string;
  readonly generate?: boolean;
  readonly keyFile?: string;
  readonly bootstrap?: boolean;
  readonly publicKey?: string;
}

type Work = (credentials: Credentials) => Promise<void> | void;

/** Opens the credentials for one piece of work. */
async function withCredentials(
  { store, config }: StoreOptions,
  { env, stderr }: Surroundings,
  work: Work,
): Promise<void> {
  const name = store ?? loadConfiguration({ file: config, env }).lwm2m.coaps.credentials;
  if (name === undefined) {
    throw new IpeError(
      'credentials/file',
      'where are the credentials? Say --store FILE, or set lwm2m.coaps.credentials (IPE_LWM2M_COAPS_CREDENTIALS)',
    );
  }
  const { openCredentials } = await import('../credentials/open-credentials.ts');
  const logger = createLogger({ level: 'error', format: 'text', stream: stderr });
  const credentials = openCredentials(name, systemClock, logger);
  try {
    await work(credentials);
  } finally {
    credentials.close();
  }
}

function fromHex(text: string): Buffer {
  const hex = text.trim();
  if (/^(?:[0-9a-fA-F]{2})+$/.test(hex)) return Buffer.from(hex, 'hex');
  // What was given is a key, if a mistyped one.
  throw new IpeError('credentials/invalid', '--psk is no hexadecimal text of whole bytes');
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    bytes += (chunk as Buffer).length;
    if (bytes > LONGEST_INPUT) throw new IpeError('credentials/file', 'standard input is too large');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function keyOf({ psk, generate }: AddOptions): Promise<Buffer> {
  if ((psk === undefined) !== Boolean(generate)) {
    throw new IpeError('credentials/invalid', 'say either --psk HEX, or --generate');
  }
  if (psk !== undefined) return fromHex(psk === '-' ? await standardInput() : psk);
  const { makeKey } = await import('../credentials/credential.ts');
  return makeKey();
}

async function add(options: AddOptions, surroundings: Surroundings): Promise<void> {
  const { endpoint, identity = endpoint, keyFile, bootstrap, publicKey } = options;
  const use: CredentialUse = bootstrap ? 'bootstrap' : 'server';
  const added: Credential =
    publicKey === undefined
      ? { endpoint, identity, key: await keyOf(options), use, fresh: false }
      : await publicKeyOf(options, publicKey, use);
  await withCredentials(options, surroundings, async (credentials) => {
    const replaced = credentials.find(added.identity) !== undefined;
    if (keyFile !== undefined && added.key !== undefined) await writeKey(keyFile, added.key);
    await credentials.put(added);
    surroundings.stdout.write(`${replaced ? 'changed' : 'added'}: ${describe(added)}\n`);
    if (added.publicKey !== undefined && OLD_OPENSSL.test(process.versions.openssl)) {
      const needs = 'the bridge needs OpenSSL 3.2 for raw public keys: Node.js 24, or lwm2m.coaps.libssl';
      surroundings.stderr.write(`note: ${needs}; this Node.js has ${process.versions.openssl}\n`);
    }
  });
}

/** Of a file, of base64 as it stands, or of standard input. */
async function publicKeyOf(options: AddOptions, given: string, use: CredentialUse): Promise<Credential> {
  const { endpoint, identity, psk, generate, keyFile } = options;
  if ([identity, psk, generate, keyFile].some((option) => option !== undefined)) {
    const others = '--identity, --psk, --generate and --key-file are for pre-shared keys';
    throw new IpeError('credentials/invalid', `--public-key stands alone: ${others}`);
  }
  const { knownPublicKey } = await import('../credentials/credential.ts');
  return knownPublicKey(endpoint, given === '-' ? Buffer.from(await standardInput()) : fileOrText(given), use);
}

/** A file, where there is one of that name. */
function fileOrText(given: string): Buffer {
  if (!existsSync(given) && BASE64.test(given)) return Buffer.from(given);
  try {
    if (statSync(given).size > LONGEST_PUBLIC_KEY) throw new IpeError('credentials/file', 'it is too large');
    return readFileSync(given);
  } catch (error) {
    const forms = 'a file, or the SubjectPublicKeyInfo in base64';
    throw new IpeError('credentials/file', `--public-key wants ${forms}: ${errorMessage(error)}`, { cause: error });
  }
}

/** Before it is put, so that no key is in use that nobody can give to the device. */
async function writeKey(name: string, key: Buffer): Promise<void> {
  const { writeOwn } = await import('../credentials/own-file.ts');
  writeOwn(name, `${key.toString('hex')}\n`, 'new');
}

function describe({ endpoint, identity, key, use, fresh }: Credential): string {
  const proof = key === undefined ? `public key SHA-256 ${identity}` : `identity ${identity}, ${8 * key.length} bits`;
  const notes = [use === 'bootstrap' && 'for bootstrap', fresh && 'not used yet'].filter(Boolean);
  return `endpoint ${endpoint}, ${proof}${notes.map((note) => `, ${note}`).join('')}`;
}

function list(options: StoreOptions & { readonly json?: boolean }, surroundings: Surroundings): Promise<void> {
  return withCredentials(options, surroundings, (credentials) => {
    for (const credential of credentials.values()) {
      const { endpoint, identity, use, fresh, key, publicKey } = credential;
      const proof = key === undefined ? { publicKey: publicKey?.toString('base64') } : { bits: 8 * key.length };
      const line = options.json ? JSON.stringify({ endpoint, identity, use, fresh, ...proof }) : describe(credential);
      surroundings.stdout.write(`${line}\n`);
    }
  });
}

interface RemoveOptions extends StoreOptions {
  readonly identity?: string;
  readonly endpoint?: string;
}

function remove(options: RemoveOptions, surroundings: Surroundings): Promise<void> {
  const { identity, endpoint } = options;
  return withCredentials(options, surroundings, async (credentials) => {
    const named = identity !== undefined || endpoint !== undefined;
    const meant = [...credentials.values()].filter(
      (it) => named && it.identity === (identity ?? it.identity) && it.endpoint === (endpoint ?? it.endpoint),
    );
    if (meant.length === 0) throw new IpeError('credentials/unknown', 'there is no such credential');
    for (const one of meant) {
      await credentials.remove(one.identity);
      surroundings.stdout.write(`removed: ${describe(one)}\n`);
    }
  });
}

async function importFrom(name: string, options: StoreOptions, surroundings: Surroundings): Promise<void> {
  const [{ readOwn }, { parseCredentialText }] = await Promise.all([
    import('../credentials/own-file.ts'),
    import('../credentials/credential-text.ts'),
  ]);
  const found = parseCredentialText(name === '-' ? await standardInput() : readOwn(name), name);
  await withCredentials(options, surroundings, async (credentials) => {
    await credentials.put(...found);
    surroundings.stdout.write(`imported: ${found.length}\n`);
  });
}

async function exportTo(
  name: string,
  options: StoreOptions & { readonly withKeys?: boolean },
  surroundings: Surroundings,
): Promise<void> {
  if (!options.withKeys) {
    throw new IpeError(
      'credentials/invalid',
      'an export holds keys: say --with-keys if you mean it; `list` shows the rest',
    );
  }
  const [{ writeOwn }, { credentialText }] = await Promise.all([
    import('../credentials/own-file.ts'),
    import('../credentials/credential-text.ts'),
  ]);
  await withCredentials(options, surroundings, (credentials) => {
    writeOwn(name, credentialText(credentials.values()), 'new');
    surroundings.stdout.write(`exported: ${credentials.size} to ${name}, mode 0600\n`);
  });
}

function notEmpty(text: string): string {
  if (text !== '') return text;
  throw new InvalidArgumentError('It is empty.');
}

/** `lwm2m-ipe credentials add|list|remove|import|export`: the pre-shared and public keys of devices. */
export function addCredentialsCommand(program: Command, surroundings: Surroundings): void {
  const credentials = program
    .command('credentials')
    .description('add, list and remove the pre-shared and public keys of devices')
    .addHelpText('after', EXAMPLES);
  const command = (name: string, description: string): Command =>
    credentials
      .command(name)
      .description(description)
      .option('--store <file>', 'where the credentials are; else lwm2m.coaps.credentials of the configuration')
      .option('-c, --config <file>', 'configuration file (YAML); else the one that IPE_CONFIG names, if any');
  command('add', 'add the key of a device, or change it')
    .requiredOption('--endpoint <name>', 'Endpoint Client Name that the owner of the key may speak for', notEmpty)
    .option('--identity <text>', 'PSK identity; else the endpoint name', notEmpty)
    .option('--psk <hex>', 'the key, 16 to 64 bytes in hexadecimal; - reads it from standard input')
    .option('--generate', 'make a key of 32 random bytes')
    .option('--key-file <file>', 'write the key in hexadecimal to this new file, mode 0600')
    .option(
      '--public-key <file|base64>',
      'a raw public key of EC P-256 instead, PEM, DER or base64; - for standard input',
    )
    .option('--bootstrap', 'the key is for the bootstrap server alone')
    .action((options: AddOptions) => add(options, surroundings));
  command('list', 'show whose keys there are')
    .option('--json', 'one JSON object a line')
    .action((options: StoreOptions & { json?: boolean }) => list(options, surroundings));
  command('remove', 'remove a key, or all of an endpoint; their sessions end')
    .option('--identity <text>', 'PSK identity, or SHA-256 of a public key as `list` shows it')
    .option('--endpoint <name>', 'Endpoint Client Name')
    .action((options: RemoveOptions) => remove(options, surroundings));
  command('import', 'add or change keys from a file')
    .argument('<file>', 'as export writes it, mode 0600; - for standard input')
    .action((file: string, options: StoreOptions) => importFrom(file, options, surroundings));
  command('export', 'write all keys to a new file, mode 0600')
    .argument('<file>', 'must not be there yet')
    .option('--with-keys', 'say that the keys are meant')
    .action((file: string, options: StoreOptions & { withKeys?: boolean }) => exportTo(file, options, surroundings));
}

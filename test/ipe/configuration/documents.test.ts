import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  configurationDocument,
  configurationJsonSchema,
  configurationKeys,
  environmentFile,
  exampleFile,
  loadConfiguration,
} from '../../../ipe/configuration/index.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lwm2m-ipe-documents-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const withoutComments = (text: string) => text.replace(/^( *)# ([a-z][a-zA-Z]*: \S+)$/gm, '$1$2');
const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(configurationJsonSchema());

function load(text: string) {
  const file = join(folder, 'example.yaml');
  writeFileSync(file, text);
  return loadConfiguration({ file, env: {} });
}

describe('every key', () => {
  it.each(configurationKeys.map((key) => [key.path, key] as const))('%s says what it is for', (_path, key) => {
    expect(key.description).toMatch(/^[A-Za-z:].{15,}\.$/s);
    expect(key.allowed).not.toBe('');
    expect('defaultValue' in key || key.whenAbsent !== undefined).toBe(true);
  });
});

describe('docs/configuration.md', () => {
  it('is what the schema says (npm run docs)', () => {
    const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
    expect(page).toBe(configurationDocument());
  });

  it('has one row for each key, with its environment variable', () => {
    const rows = configurationDocument()
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    expect(rows.map((row) => row.split(/ +\| /).slice(0, 2).join())).toEqual(
      configurationKeys.map(({ path, environment }) => `| \`${path}\`,\`${environment}\``),
    );
    for (const row of rows) expect(row.split(/(?<!\\)\|/)).toHaveLength(7);
  });
});

describe('the example file', () => {
  it('is the default configuration', () => {
    expect(load(exampleFile())).toEqual(loadConfiguration({ env: {} }));
  });

  it('shows valid values for the keys without default, too', () => {
    const text = withoutComments(exampleFile());
    expect(load(text).http.publicUrl).toBe('http://ipe.example.org:8090');
    expect(load(text).names.maxLength).toBe(30);
  });

  it('names every environment variable', () => {
    for (const { environment } of configurationKeys) expect(exampleFile()).toContain(`# Environment: ${environment}\n`);
  });
});

describe('the JSON Schema', () => {
  it('is draft 2020-12 and accepts the example', () => {
    expect(configurationJsonSchema().$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(validate(parse(exampleFile())), JSON.stringify(validate.errors)).toBe(true);
    expect(validate(parse(withoutComments(exampleFile()))), JSON.stringify(validate.errors)).toBe(true);
  });

  it.each([{ cse: { tiemout: 5 } }, { lwm2m: { coap: { port: 65_536 } } }, { log: { level: 'loud' } }, { colour: 1 }])(
    'refuses %j',
    (wrong) => expect(validate(wrong)).toBe(false),
  );

  it('carries the description of every key', () => {
    const text = JSON.stringify(configurationJsonSchema());
    for (const { description } of configurationKeys) expect(text).toContain(JSON.stringify(description).slice(1, -1));
  });
});

describe('the environment file', () => {
  it('holds every variable, and is valid when all are set to what it shows', () => {
    const lines = environmentFile()
      .split('\n')
      .filter((line) => /^#IPE_/.test(line));
    const env = Object.fromEntries(lines.map((line) => line.slice(1).split(/=(.*)/s).slice(0, 2) as [string, string]));
    expect(Object.keys(env)).toEqual(['IPE_CONFIG', ...configurationKeys.map(({ environment }) => environment)]);
    const { IPE_CONFIG: _, ...rest } = env;
    const { lwm2m } = loadConfiguration({ env: {} });
    const withoutDefault = {
      modelsFolder: '/etc/lwm2m-ipe/objects',
      coaps: {
        ...lwm2m.coaps,
        credentials: '/var/lib/lwm2m-ipe/credentials.json',
        certificate: '/etc/lwm2m-ipe/server.pem',
        privateKey: '/etc/lwm2m-ipe/server.key',
        ca: '/etc/lwm2m-ipe/device-ca.pem',
        libssl: '/usr/lib/x86_64-linux-gnu/libssl.so.3',
      },
      rateLimits: { requests: 20_000, requestsPerSource: 200, registrations: 2_000, registrationsPerSource: 50 },
    };
    expect(loadConfiguration({ env: rest }).lwm2m).toEqual({ ...lwm2m, ...withoutDefault });
  });
});

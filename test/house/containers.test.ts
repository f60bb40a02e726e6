import { existsSync, readFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { runCommandLine } from '../../ipe/cli/program.ts';
import { loadConfiguration } from '../../ipe/configuration/index.ts';
import { ROOT } from './source-files.ts';

interface Service {
  readonly build?: string | { readonly dockerfile_inline?: string };
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly configs?: readonly { readonly source: string; readonly target: string }[];
  readonly ports?: readonly string[];
  readonly profiles?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly configs: Readonly<Record<string, { readonly content: string }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const read = (file: string): string => readFileSync(ROOT + file, 'utf8');
const compose = parse(read('docker-compose.yml')) as Compose;
const ours = Object.entries(compose.services).filter(([, service]) => service.image.includes('/lwm2m-ipe:'));

/** The compose specification's own JSON Schema, as the linter dclint ships it. */
function composeSchema(): object {
  const file = new URL('schemas/compose.schema.json', import.meta.resolve('dclint/package.json'));
  const schema = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  return { ...schema, $schema: 'http://json-schema.org/draft-07/schema#' };
}

async function help(command: string): Promise<{ code: number; text: string }> {
  let text = '';
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  const code = await runCommandLine([command, '--help'], {
    env: {},
    stdout,
    stderr: stdout,
    program: 'lwm2m-ipe',
    showStacks: false,
  });
  return { code, text };
}

describe('docker-compose.yml', () => {
  test('is valid by the JSON Schema of the compose specification', () => {
    const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(composeSchema());
    validate(compose);
    expect(validate.errors ?? []).toEqual([]);
    expect(validate({ services: { broken: { imagee: 'x' } } })).toBe(false);
  });

  test('starts a CSE, the bridge and devices, in that order', () => {
    const always = Object.entries(compose.services).filter(([, { profiles = [] }]) => profiles.length === 0);
    expect(always.map(([name]) => name)).toEqual(['cse', 'ipe', 'devices']);
    expect(Object.keys(compose.services.ipe?.depends_on ?? {})).toEqual(['cse']);
    expect(Object.keys(compose.services.devices?.depends_on ?? {})).toEqual(['ipe']);
  });

  test('names only configurations that it has', () => {
    const named = Object.values(compose.services).flatMap((service) => service.configs ?? []);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter(({ source }) => !(source in compose.configs))).toEqual([]);
  });

  test('mounts only files that are there, and nobody writes to them', () => {
    const volumes = Object.values(compose.services).flatMap((service) => service.volumes ?? []);
    const parts = volumes.map((volume) => volume.split(':'));
    const named = Object.keys(compose.volumes);
    const files = parts.filter(([name = '']) => !named.includes(name));
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter(([file = '', , mode]) => mode !== 'ro' || !existsSync(ROOT + file))).toEqual([]);
  });

  test('keeps the state of the bridge where the image makes its user the owner', () => {
    const { volumes = [] } = compose.services.ipe as Service;
    const path = /IPE_STORE_PATH=(\S+)/.exec(read('Dockerfile'))?.[1];
    expect(read('Dockerfile')).toContain(`install -d -o node -g node -m 0700 ${path}\n`);
    expect(volumes.map((volume) => volume.split(':'))).toContainEqual(['ipe-state', path]);
  });

  test.each(ours)(
    'service %s runs without any right of the host, on a file system that it cannot write to',
    (_, service) => {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
    },
  );

  test('publishes nothing beyond this machine', () => {
    const ports = Object.values(compose.services).flatMap((service) => service.ports ?? []);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  test.each(ours)('service %s runs a command that `lwm2m-ipe` has, with options that it knows', async (_, service) => {
    const [command = '', ...words] = service.command ?? [];
    const { code, text } = await help(command);
    expect(code).toBe(0);
    expect(text).toContain(`Usage: lwm2m-ipe ${command}`);
    const known = new Set(text.match(/--[a-z][a-z-]*/g));
    expect(words.filter((word) => word.startsWith('--') && !known.has(word))).toEqual([]);
  });

  test('the environment of the bridge is a valid configuration', () => {
    const env = compose.services.ipe?.environment ?? {};
    const configuration = loadConfiguration({ env });
    expect(configuration.cse.url).toBe('http://cse:8080');
  });
});

describe('Dockerfile', () => {
  const lines = read('Dockerfile')
    .replace(/\\\n\s*/g, ' ')
    .split('\n');
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));

  test('runs without root rights and says how it is', () => {
    expect(last.find((line) => line.startsWith('USER '))).toBe('USER node');
    expect(last.find((line) => line.startsWith('HEALTHCHECK'))).toMatch(/^HEALTHCHECK .*CMD \["node".*\/health\/live/);
  });

  test('copies only what is there and what .dockerignore lets through', () => {
    const sources = lines
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(/\s+/).slice(1, -1));
    expect(sources.filter((source) => !existsSync(ROOT + source))).toEqual([]);
    const kept = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect(sources.filter((source) => source !== '.' && !kept.includes(source))).toEqual([]);
    expect(kept.filter((path) => !existsSync(ROOT + path))).toEqual([]);
  });

  test('runs no scripts of packages', () => {
    const installs = lines.filter((line) => line.startsWith('RUN npm ci'));
    expect(installs.length).toBeGreaterThan(0);
    expect(installs.filter((line) => !line.includes('--ignore-scripts'))).toEqual([]);
  });

  test('starts the entry that the package names', () => {
    const { bin } = JSON.parse(read('package.json')) as { bin: Record<string, string> };
    expect(last.find((line) => line.startsWith('ENTRYPOINT '))).toBe(
      `ENTRYPOINT ["node", "--max-semi-space-size=64", "${bin['lwm2m-ipe']}"]`,
    );
  });
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { exampleFile } from '../../../ipe/configuration/index.ts';
import { buildCommandLine, type CommandLine } from './command-line.ts';

let ipe: CommandLine;
let folder: string;
beforeAll(async () => {
  ipe = await buildCommandLine();
  folder = mkdtempSync(join(tmpdir(), 'lwm2m-ipe-usage-'));
});
afterAll(() => {
  ipe.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const STACK = /^\s+at /m;
const COMMANDS = ['demo', 'run', 'check', 'config', 'cse', 'simulate'];

describe.concurrent('lwm2m-ipe', () => {
  it('prints the version of package.json', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
    expect(await ipe.run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('lists its commands with --help', async () => {
    const { code, stdout } = await ipe.run(['--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
  });

  it.each(COMMANDS)('explains %s with --help and examples', async (command) => {
    const { code, stdout, stderr } = await ipe.run([command, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Examples:');
    expect(stdout).toContain(`$ lwm2m-ipe ${command}`);
  });

  it.each([
    [[], 'Usage: lwm2m-ipe'],
    [['rnu'], "unknown command 'rnu'\n(Did you mean run?)"],
    [['run', '--confg', 'x'], "unknown option '--confg'\n(Did you mean --config?)"],
    [['run', '--config'], 'argument missing'],
    [['run', 'now'], 'too many arguments'],
    [['config', 'exmple'], 'Did you mean example?'],
    [['demo', '--devices', '0'], 'Allowed: a whole number from 1 to 100'],
    [['simulate', '--endpoints', 'many'], 'expected a whole number from 1 to'],
    [['simulate', '--server', 'http://x'], 'only coap'],
    [['simulate', '--format', 'xml'], 'expected all or one of senml-json, senml-cbor, tlv, lwm2m-json, lwm2m-cbor'],
    [['simulate', '--refuse-writes', '2.04'], 'expected a code such as 4.05'],
  ])('answers the wrong usage %j with exit code 2 and advice', async (words, advice) => {
    const { code, stdout, stderr } = await ipe.run(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(advice);
  });
});

describe.concurrent('lwm2m-ipe config', () => {
  it('prints an example that is valid', async () => {
    const { code, stdout } = await ipe.run(['config', 'example']);
    expect(code).toBe(0);
    expect(stdout).toBe(exampleFile());
  });

  it('prints the schema as JSON', async () => {
    const { stdout } = await ipe.run(['config', 'schema']);
    expect(JSON.parse(stdout).properties).toHaveProperty('lwm2m');
  });

  it('prints the environment variables', async () => {
    const { stdout } = await ipe.run(['config', 'env']);
    expect(stdout).toContain('#IPE_LWM2M_COAP_PORT=5683\n');
  });

  it('prints the page of the documentation', async () => {
    const { stdout } = await ipe.run(['config', 'docs']);
    expect(stdout).toBe(readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8'));
  });

  it('looks at no configuration of its own', async () => {
    const { code, stdout } = await ipe.run(['config', 'example'], { env: { IPE_LOG_LEVEL: 'loud' } });
    expect(code).toBe(0);
    expect(Object.keys(parse(stdout))).toContain('cse');
  });
});

describe.concurrent('a wrong configuration', () => {
  const SECRET = 'hunter 2';
  const env = { IPE_CSE_TIMOUT: '5', IPE_CSE_ADMIN_ORIGINATOR: SECRET, IPE_LOG_LEVEL: 'loud' };

  it.each(['run', 'check', 'cse'])(
    'ends %s with all mistakes at once, exit code 1, no stack and no secret',
    async (command) => {
      const file = join(folder, `${command}.yaml`);
      writeFileSync(file, 'cse:\n  url: nowhere\nlgo:\n  level: info\n');
      const { code, stdout, stderr } = await ipe.run([command, '--config', file], { env });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^lwm2m-ipe: 5 mistakes in the configuration:\n( {2}.*\n){5}$/);
      for (const part of [
        `cse.url (${file} line 2): "nowhere"`,
        'did you mean log?',
        'did you mean IPE_CSE_TIMEOUT?',
        'log.level (IPE_LOG_LEVEL): "loud"',
      ]) {
        expect(stderr).toContain(part);
      }
      expect(stderr).not.toMatch(STACK);
      expect(stderr).not.toContain(SECRET);
    },
  );

  it('that cannot be read is named in one line', async () => {
    const { code, stderr } = await ipe.run(['run', '--config', join(folder, 'absent.yaml')]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `lwm2m-ipe: cannot read the configuration file ${join(folder, 'absent.yaml')}: there is no such file\n`,
    );
  });

  it('on the command line is told by the name of the option', async () => {
    const { code, stderr } = await ipe.run(['cse', '--port', '99999']);
    expect(code).toBe(1);
    expect(stderr).toContain('embeddedCse.port (--port): 99999 is not allowed');
  });
});

describe.concurrent('lwm2m-ipe simulate', () => {
  it('explains its options in groups', async () => {
    const { stdout } = await ipe.run(['simulate', '--help']);
    const headings = ['Devices:', 'LwM2M:', 'Queue mode:', 'Values:', 'Misbehaviour, on demand:'];
    expect(stdout.split('\n').filter((line) => headings.includes(line))).toEqual(headings);
  });

  it('says in one line and with exit code 1 that no device could register', async () => {
    const { code, stderr } = await ipe.run(['simulate', '--server', 'coap://127.0.0.1:9', '--duration', '1']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'lwm2m-ipe: no device could register with coap://127.0.0.1:9\n',
    });
  });
});

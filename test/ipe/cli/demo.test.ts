import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildCommandLine, type CommandLine } from './command-line.ts';

let ipe: CommandLine;
beforeAll(async () => {
  ipe = await buildCommandLine();
});
afterAll(() => ipe.dispose());

// Several demos at once also prove that each finds free ports.
describe.concurrent('lwm2m-ipe demo', { timeout: 60_000 }, () => {
  it('shows parts, devices, the tree, a departure and commands to try, then ends', async () => {
    const { code, stdout, stderr } = await ipe.run(['demo', '--once']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const headings = stdout.match(/^\d {2}.*$/gm);
    expect(headings).toEqual([
      '1  Three parts are running',
      '2  Devices register with the bridge',
      '3  What the application finds',
      '4  The application commands a device',
      '5  A device leaves',
      '6  Look for yourself, in another terminal',
    ]);
    expect(stdout).toMatch(/^ {5}sent\n {5}done {5}2\.04$/m);
    // The lights of the demo burn by day or night, so that either way may come.
    expect(stdout).toMatch(/3311_0\/5850\/la was (?:false, and is true|true, and is false) now\./);
    expect(stdout).toMatch(/^ {3}\+ greenhouse-3 {2,}LwM2M 1\.1/m);
    expect(stdout).toMatch(/^ {3}├─ greenhouse-3 +<AE> +LwM2M 1\.1, expires \d\d:\d\d:\d\d UTC$/m);
    expect(stdout).toMatch(/^ {3}│ {2}├─ 3303_0 +<container> +\/3303\/0 +Temperature$/m);
    expect(stdout).toMatch(/^ {3}├─ node-greenhouse-3 +<node> +nodeID of greenhouse-3$/m);
    expect(stdout).toMatch(/^ {5}- cse-in\/street-lamp-17$/m);
    expect(stdout).toMatch(/^ {5}- cse-in\/street-lamp-17\/3303_0$/m);
  });

  it('writes plain lines without a terminal', async () => {
    const { stdout } = await ipe.run(['demo', '--once', '--devices', '1']);
    expect(stdout).not.toContain('\u001b');
  });

  it('gives commands that work as they stand', async () => {
    const running = ipe.start(['demo', '--devices', '3']);
    try {
      await running.line((line) => line.includes('Live, until Ctrl-C'));
      const text = running.output().replaceAll('\\\n', ' ');
      const commands = text.split('\n').filter((line) => /^ +(curl|node) /.test(line));
      expect(commands).toHaveLength(6);
      const shell = promisify(execFile);
      const type = async (command: string) => (await shell('sh', ['-c', command])).stdout;
      // The last command brings devices, which the others would find.
      const [all, sensors, device, off, health] = await Promise.all(commands.slice(0, -1).map(type));
      const simulated = await type(`${commands.at(-1)} --duration 5`);
      expect(JSON.parse(all!)['m2m:uril']).toContain('cse-in/dev_3Aos_3A0023C7-000001/3311_0');
      expect(JSON.parse(sensors!)['m2m:uril']).toEqual(['cse-in/imei_3A356938035643809/3303_0']);
      expect(JSON.parse(device!)['m2m:ae'].lbl).toContain('Iwked-Technology:LWM2M');
      expect(JSON.parse(off!)['m2m:cin'].con).toEqual({ operation: 'write', path: '/3311/0/5850', value: false });
      expect(JSON.parse(health!)).toEqual({ status: 'ready', reasons: [] });
      expect(simulated).toContain('3 registered');
      await running.line((line) => line.includes('+ cse-in/mine-'));
      running.child.kill('SIGINT');
      expect(await running.finished).toMatchObject({ code: 0, stderr: '' });
    } finally {
      running.child.kill('SIGKILL');
    }
  });

  it('ends by itself after --duration', async () => {
    const { code, stdout } = await ipe.run(['demo', '--devices', '1', '--duration', '1']);
    expect(code).toBe(0);
    expect(stdout).toContain('the devices de-register');
  });
});

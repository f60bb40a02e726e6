import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../common/index.ts';
import { type ContentInstance, ResourceType } from '../../cse-client/index.ts';
import { encodeContent, type Node, ObjectModels, parsePath } from '../../lwm2m/index.ts';
import { type CommandResponse, isValueInstanceName } from '../../mappings/index.ts';
import { type DeviceSettings, SimulatedDevice } from '../../simulator/index.ts';
import type { CseUnderTest } from '../support/cse-under-test.ts';
import { Application, eventually, type RunningIpe, startIpe } from '../support/ipe.ts';
import { startStand, stopAll } from '../support/stand.ts';
import { Commander } from './commands-suite.ts';

const { container, contentInstance, subscription } = ResourceType;
const OWN = { originator: 'Clwm2m-ipe' };
const NOON = Date.UTC(2026, 0, 1, 12);
let serial = 0;

/** Direct commands of one application to one device, as it sees them through the CSE. */
export class DirectCommander extends Commander {
  readonly #app: Application;
  readonly #cse: CseUnderTest;
  readonly #name: string;

  constructor(app: Application, cse: CseUnderTest, name: string) {
    super(app, cse, name);
    this.#app = app;
    this.#cse = cse;
    this.#name = name;
  }

  /** Waits until a container takes commands: until somebody listens there. */
  async listens(where: string): Promise<void> {
    await eventually(
      () => this.isListening(where),
      (listening) => listening,
    );
  }

  async isListening(where: string): Promise<boolean> {
    const address = `${this.#cse.base}/${this.#name}/${where}`;
    const children = await this.#app.client.children(address, {}, OWN).catch(() => []);
    return children.some(({ type, name }) => type === subscription && name.endsWith('-commands'));
  }

  /** Creates a contentInstance; resolves with its resource ID, the id of the command. */
  async create(where: string, attributes: { con?: unknown; cnf?: string; lbl?: string[]; rn?: string }) {
    const text = this.#cse.dialect === 'tinyiot' && typeof attributes.con !== 'string';
    const con = text ? JSON.stringify(attributes.con) : attributes.con;
    const address = `${this.#cse.base}/${this.#name}/${where}`;
    const { ri } = await this.#app.client.create(contentInstance, address, { ...attributes, con });
    return ri;
  }

  async direct(where: string, con: unknown): Promise<CommandResponse> {
    return this.end(await this.create(where, { con }));
  }

  latest(where: string): Promise<ContentInstance | undefined> {
    return this.#app.see(contentInstance, `${this.#name}/${where}/la`);
  }

  /** Waits until the copy of a value is this, stored by the bridge. */
  async holds(where: string, value: unknown): Promise<void> {
    const wanted = this.#cse.dialect === 'tinyiot' ? String(value) : value;
    await eventually(
      () => this.latest(where),
      (latest) => latest?.con === wanted && isValueInstanceName(latest?.rn ?? ''),
    );
  }

  async states(id: string): Promise<string[]> {
    const said = await this.said(id);
    return said.map(({ state }) => state).sort();
  }
}

/** Commands in the containers of resources on one CSE, each test with a simulated device of its own. */
export function directCommandsSuite(title: string, start: () => Promise<CseUnderTest>): void {
  describe(`direct commands on ${title}`, () => {
    let cse: CseUnderTest;
    let ipe: RunningIpe;
    let app: Application;
    let other: Application;
    let device: SimulatedDevice | undefined;
    let commander: DirectCommander;
    let name: string;
    const asked: string[] = [];
    const configuration = {
      access: { command: ['Ccommander'] },
      commands: { pollInterval: '300ms', maxInstances: 20 },
      values: { rules: [{ endpoint: 'both-*', mode: 'both' as const }] },
      lwm2m: { queueMode: { awake: '400ms', attempts: 2 } },
    };
    const started = async (settings: Partial<DeviceSettings> = {}) => {
      const simulated = new SimulatedDevice({
        server: { host: '127.0.0.1', port: ipe.port },
        endpoint: name,
        objects: { 3303: [0], 3311: [0] },
        // What is written is reported before the bridge stores it unreported.
        sampleInterval: 200,
        ...settings,
        onEvent: (event) => {
          if (event.type === 'asked') asked.push(`${event.method} ${event.path} ${event.code}`);
        },
      });
      await simulated.start();
      device = simulated;
      return simulated;
    };
    const called = (prefix: string) => {
      name = `${prefix}-${serial}`;
      commander = new DirectCommander(app, cse, name);
    };
    const done = (method: string, path: string) => asked.filter((line) => line === `${method} ${path} 2.04`);

    beforeAll(async () => {
      ({ cse, ipe, app } = await startStand(start(), configuration, 'commander'));
      other = await Application.start(cse, 'other');
    });
    afterAll(async () => {
      await stopAll(app, other, ipe, cse);
    });
    beforeEach(() => {
      serial += 1;
      asked.length = 0;
      called('direct');
    });
    afterEach(() => device?.stop());

    it('TS-0014 6.4.1: a contentInstance in the container of a writable resource is a Write, and confirmed', async () => {
      await started();
      await commander.listens('3311_0/5851');
      const id = await commander.create('3311_0/5851', { con: 42 });
      expect(await commander.end(id)).toMatchObject({
        id,
        state: 'done',
        code: '2.04',
        rsc: 2004,
        path: '/3311/0/5851',
      });
      await commander.holds('3311_0/5851', 42);
      expect(await commander.states(id)).toEqual(['done', 'sent']);
      expect(done('PUT', '/3311/0/5851')).toHaveLength(1);
      expect(await app.find(`LWM2MREQ:${encodeURIComponent(id)}`).then((found) => found.length)).toBeGreaterThan(0);
    });

    it('a contentInstance in the container of an executable resource is an Execute', async () => {
      await started();
      await commander.listens('3303_0/5605');
      expect(await commander.direct('3303_0/5605', '0')).toMatchObject({ state: 'done', code: '2.04' });
      expect(done('POST', '/3303/0/5605')).toHaveLength(1);
    });

    it('where the device refuses, or the content makes no sense, the last confirmed value is on top again', async () => {
      await started();
      await commander.listens('3311_0/5851');
      await commander.direct('3311_0/5851', 17);
      await commander.holds('3311_0/5851', 17);
      const refused = await commander.direct('3311_0/5851', 900);
      expect(refused).toMatchObject({ state: 'failed', code: expect.stringMatching(/^4\./) });
      await commander.holds('3311_0/5851', 17);
      expect(await commander.direct('3311_0/5851', 'bright')).toMatchObject({ state: 'failed', rsc: 4000 });
      await commander.holds('3311_0/5851', 17);
      expect(done('PUT', '/3311/0/5851')).toHaveLength(1);
    });

    it('a refused value that was never confirmed is taken away', async () => {
      await started({ objects: { 5: [0] } });
      await commander.listens('5_0/0');
      expect(await commander.direct('5_0/0', 'no base64')).toMatchObject({ state: 'failed', rsc: 4000 });
      expect(await commander.latest('5_0/0')).toBeUndefined();
    });

    it('many in a row are carried out in the order of their creation, each once', async () => {
      await started();
      await commander.listens('3311_0/5851');
      const ids: string[] = [];
      for (let value = 1; value <= 8; value += 1) ids.push(await commander.create('3311_0/5851', { con: value }));
      for (const id of ids) expect(await commander.end(id)).toMatchObject({ state: 'done' });
      expect(done('PUT', '/3311/0/5851')).toHaveLength(8);
      expect(await commander.run({ id: 'r', operation: 'read', path: '/3311/0/5851' })).toMatchObject({ value: 8 });
      await commander.holds('3311_0/5851', 8);
    });

    it('a device that sleeps gets three commands in order when it wakes, and none that has expired', async () => {
      // It sleeps after the server takes it to.
      const sleeper = await started({ queueMode: true, awakeWindow: 1_000, lifetime: 3600, ...STEADY });
      await commander.ready();
      await eventually(
        async () => {
          if (sleeper.asleep) await sleeper.update();
          return commander.isListening('3311_0/5851');
        },
        (listening) => listening,
      );
      await commander.holds('3311_0/5851', 80);
      await eventually(
        async () => sleeper.asleep,
        (asleep) => asleep,
      );
      asked.length = 0;
      const first = await commander.create('3311_0/5851', { con: 1 });
      await eventually(
        () => commander.states(first),
        (states) => states.length > 0,
      );
      await commander.put({ id: 'late', operation: 'write', path: '/3311/0/5851', value: 99, expires: soon(2_000) });
      const second = await commander.create('3311_0/5851', { con: 2 });
      await commander.put({ id: 'third', operation: 'write', path: '/3311/0/5851', value: 3 });
      expect(await commander.end('late')).toMatchObject({ state: 'expired', rsc: 4008 });
      await commander.holds('3311_0/5851', 80);
      expect(await commander.states(first)).toEqual(['queued']);
      expect(asked).toEqual([]);
      await sleeper.update();
      for (const id of [first, second, 'third']) {
        expect(await commander.end(id)).toMatchObject({ state: 'done', code: '2.04' });
        expect(await commander.states(id)).toEqual(['done', 'queued', 'sent']);
      }
      expect(await commander.states('late')).toEqual(['expired', 'queued']);
      expect(done('PUT', '/3311/0/5851')).toHaveLength(3);
      await commander.holds('3311_0/5851', 3);
    });

    it('instances are created and deleted by requests; their containers come and go, and take commands', async () => {
      await started();
      await commander.ready();
      const created = await commander.run({ id: 'c', operation: 'create', path: '/3311', value: { 5851: 33 } });
      expect(created).toMatchObject({ state: 'done', code: '2.01', path: '/3311/1' });
      await commander.holds('3311_1/5851', 33);
      await commander.listens('3311_1/5851');
      expect(await commander.direct('3311_1/5851', 34)).toMatchObject({ state: 'done' });
      expect(await commander.run({ id: 'd', operation: 'delete', path: '/3311/1' })).toMatchObject({ rsc: 2002 });
      await eventually(
        () => app.see(container, `${name}/3311_1`),
        (found) => found === undefined,
      );
    });

    it('an object that no model knows is written as its JSON is, and what the device refuses is put right', async () => {
      await started({ objects: { 32769: [0] } });
      await commander.listens('32769_0/0');
      expect(await commander.direct('32769_0/0', 'good day')).toMatchObject({ state: 'done' });
      await commander.listens('32769_0/2');
      expect(await commander.direct('32769_0/2', 3.5)).toMatchObject({ state: 'failed', code: '4.05', rsc: 4005 });
    });

    it('64 KiB of opaque go to the device and come back, where the CSE takes that much', async () => {
      await started({ objects: { 19: [0] } });
      const bytes = randomBytes(65_536).toString('base64');
      await commander.listens('19_0/0/0');
      const write = commander.direct('19_0/0/0', bytes);
      if (cse.dialect === 'tinyiot') {
        await expect(write).rejects.toMatchObject({ name: 'CseError' });
        return;
      }
      expect(await write).toMatchObject({ state: 'done', code: '2.04' });
      const read = await commander.run({ id: 'r', operation: 'read', path: '/19/0/0/0' });
      expect(read).toMatchObject({ state: 'done', code: '2.05' });
      expect(read.value === bytes).toBe(true);
      await eventually(
        async () => (await commander.latest('19_0/0/0'))?.con === bytes,
        (same) => same,
      );
    });

    it('TS-0014 7: an encapsulated instance in its container is a Write of the instance, both modes side by side', async () => {
      called('both');
      await started();
      await commander.listens('3311_0');
      await commander.listens('3311_0/5851');
      const find = (objectId: number) => ObjectModels.official().find(objectId);
      const base = parsePath('/3311/0');
      const nodes: Node[] = [{ path: parsePath('/3311/0/5851'), value: 21 }];
      const con = encodeContent(11542, nodes, { base, find }).toString('base64');
      const cnf = 'application/vnd.oma.lwm2m+tlv:2';
      const lbl = ['LWM2M-Object-Encapsulation', 'LWM2MWRITE:partial'];
      const id = await commander.create('3311_0', { con, cnf, lbl });
      expect(await commander.end(id)).toMatchObject({ state: 'done', code: '2.04', path: '/3311/0' });
      expect(await commander.run({ id: 'r', operation: 'read', path: '/3311/0/5851' })).toMatchObject({ value: 21 });
      expect(await commander.direct('3311_0/5851', 22)).toMatchObject({ state: 'done' });
      const nonsense = await commander.create('3311_0', { con: 'x' });
      expect(await commander.end(nonsense)).toMatchObject({ state: 'failed', rsc: 4000 });
    });

    it('what a device has taken by a request is its value, though it reports nothing', async () => {
      await started({ misbehaviour: { loseNotifications: 1 } });
      await commander.ready();
      await commander.holds('3311_0/5851', 80);
      const write = { id: 'w', operation: 'write', path: '/3311/0/5851', value: 44 };
      expect(await commander.run(write)).toMatchObject({ state: 'done', code: '2.04' });
      await commander.holds('3311_0/5851', 44);
    });

    it('only whom access.command names may create there, and nobody where there is nothing to command', async () => {
      await started();
      await commander.listens('3311_0/5851');
      const create = (who: Application, where: string) =>
        who.client.create(contentInstance, `${cse.base}/${name}/${where}`, { con: '5' });
      await expect(create(other, '3311_0/5851')).rejects.toMatchObject({ rsc: 4103 });
      await expect(create(app, '3303_0/5700')).rejects.toMatchObject({ rsc: 4103 });
      expect(asked.filter((line) => line.startsWith('PUT'))).toEqual([]);
    });

    it('what no notification told of is found by looking, and a subscription that is gone is made again', async () => {
      await started();
      await commander.listens('3311_0/5851');
      await app.client.delete(`${cse.base}/${name}/3311_0/5851/lwm2m-ipe-commands`, OWN);
      const id = await commander.create('3311_0/5851', { con: 11 });
      expect(await commander.end(id)).toMatchObject({ state: 'done' });
      await commander.listens('3311_0/5851');
      expect(done('PUT', '/3311/0/5851')).toHaveLength(1);
    });

    it('an IPE that starts again carries out what came meanwhile, and nothing twice', async () => {
      const first = await started();
      await commander.listens('3311_0/5851');
      const before = await commander.create('3311_0/5851', { con: 12 });
      await commander.end(before);
      await first.stop({ deregister: false });
      await ipe.stop();
      const meanwhile = await commander.create('3311_0/5851', { con: 13 });
      ipe = await startIpe(cse, configuration);
      await started();
      expect(await commander.end(meanwhile)).toMatchObject({ state: 'done' });
      await commander.end(before);
      expect(done('PUT', '/3311/0/5851')).toHaveLength(2);
      await commander.holds('3311_0/5851', 13);
    });
  });
}

/** Values that stay as they are by day and night, as each notification would keep a device awake: for them time stands still. */
const STEADY = { objects: { 3311: [0] }, clock: { ...systemClock, wall: () => NOON } };

function soon(milliseconds: number): string {
  const [date = '', fraction = ''] = new Date(Date.now() + milliseconds).toISOString().slice(0, -1).split('.');
  return `${date.replaceAll(/[-:]/g, '')},${fraction}`;
}

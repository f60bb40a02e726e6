import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseTimestamp, ResourceType } from '../../cse-client/index.ts';
import type { CommandResponse } from '../../mappings/index.ts';
import { SimulatedDevice } from '../../simulator/index.ts';
import type { CseUnderTest } from '../support/cse-under-test.ts';
import { Application, eventually, type RunningIpe, startIpe } from '../support/ipe.ts';
import { startStand, stopAll } from '../support/stand.ts';

const { ae, acp, container, contentInstance, subscription } = ResourceType;
const FINAL = ['done', 'failed', 'expired'];
let serial = 0;

/** Commands of one application to one device, as it sees them through the CSE. */
export class Commander {
  readonly #app: Application;
  readonly #cse: CseUnderTest;
  readonly #name: string;

  constructor(app: Application, cse: CseUnderTest, name: string) {
    this.#app = app;
    this.#cse = cse;
    this.#name = name;
  }

  /** Waits until there is somewhere to put commands. */
  async ready(): Promise<void> {
    await eventually(
      () => this.#app.client.children(`${this.#cse.base}/${this.#name}/requests`).catch(() => []),
      (children) => children.some(({ type }) => type === subscription),
    );
  }

  /** Puts a request on the CSE, as the text that every CSE takes or as an object. */
  async put(request: object | string, form: 'text' | 'object' = 'text') {
    const con = form === 'text' && typeof request !== 'string' ? JSON.stringify(request) : request;
    return this.#app.client.create(contentInstance, `${this.#cse.base}/${this.#name}/requests`, { con });
  }

  /** Everything said of a request so far. */
  async said(id: string): Promise<CommandResponse[]> {
    const address = `${this.#cse.base}/${this.#name}/responses`;
    const children = await this.#app.client.children(address, { ty: [contentInstance] });
    const all = await Promise.all(
      children.map(async ({ name }) => (await this.#app.see(contentInstance, `${this.#name}/responses/${name}`))?.con),
    );
    const read = all.map((con) => (typeof con === 'string' ? JSON.parse(con) : con) as CommandResponse);
    return read.filter((response) => response?.id === id);
  }

  /** The one final word on a request. */
  async end(id: string): Promise<CommandResponse> {
    const said = await eventually(
      () => this.said(id),
      (found) => found.some(({ state }) => FINAL.includes(state)),
    );
    const finals = said.filter(({ state }) => FINAL.includes(state));
    expect(finals).toHaveLength(1);
    return finals[0] as CommandResponse;
  }

  async run(request: { readonly id: string } & Record<string, unknown>): Promise<CommandResponse> {
    await this.put(request);
    return this.end(request.id);
  }
}

/** Commands on one CSE, each test with a simulated device of its own. */
export function commandsSuite(title: string, start: () => Promise<CseUnderTest>): void {
  describe(`commands on ${title}`, () => {
    let cse: CseUnderTest;
    let ipe: RunningIpe;
    let app: Application;
    let other: Application;
    let device: SimulatedDevice;
    let commander: Commander;
    let name: string;
    const asked: string[] = [];
    const configuration = {
      access: { command: ['Ccommander'] },
      commands: { pollInterval: '300ms', maxInstances: 20 },
      values: { mode: 'none' as const },
    };
    const started = async () => {
      const simulated = new SimulatedDevice({
        server: { host: '127.0.0.1', port: ipe.port },
        endpoint: name,
        onEvent: (event) => {
          if (event.type === 'asked') asked.push(`${event.method} ${event.path} ${event.code}`);
        },
      });
      await simulated.start();
      return simulated;
    };

    beforeAll(async () => {
      ({ cse, ipe, app } = await startStand(start(), configuration, 'commander'));
      other = await Application.start(cse, 'other');
    });
    afterAll(async () => {
      await stopAll(app, other, ipe, cse);
    });
    beforeEach(async () => {
      serial += 1;
      name = `commanded-${serial}`;
      asked.length = 0;
      device = await started();
      commander = new Commander(app, cse, name);
      await commander.ready();
    });
    afterEach(() => device.stop());

    it('TS-0014 6.4.1: a Write is carried out and confirmed by a Read, typed by the object model', async () => {
      const write = await commander.run({ id: '1', operation: 'write', path: '/3311/0/5851', value: 42 });
      expect(write).toMatchObject({ state: 'done', code: '2.04', rsc: 2004, path: '/3311/0/5851' });
      const read = await commander.run({ id: '2', operation: 'read', path: '/3311/0/5851' });
      expect(read).toMatchObject({ state: 'done', code: '2.05', rsc: 2000, value: 42 });
      const instance = await commander.run({ id: '3', operation: 'read', path: '/3311/0' });
      expect(instance.value).toMatchObject({ '5851': 42 });
      expect((await commander.said('1')).map(({ state }) => state).sort()).toEqual(['done', 'sent']);
    });

    it('Execute, Discover and Write-Attributes are carried out; a refused Write tells the code of the device', async () => {
      expect(await commander.run({ id: '1', operation: 'execute', path: '/3/0/4' })).toMatchObject({ rsc: 2004 });
      const discover = await commander.run({ id: '2', operation: 'discover', path: '/3311/0' });
      expect(discover.value).toContainEqual({ path: '/3311/0/5850' });
      const refused = await commander.run({ id: '3', operation: 'write', path: '/3303/0/5700', value: 1 });
      expect(refused).toMatchObject({ state: 'failed', code: '4.05', rsc: 4005 });
      const absent = await commander.run({ id: '4', operation: 'read', path: '/3399/0' });
      expect(absent).toMatchObject({ state: 'failed', code: '4.04', rsc: 4004 });
    });

    it('responses carry the label of their request, and requests may be objects where the CSE takes them', async () => {
      if (cse.dialect !== 'tinyiot') {
        await commander.put({ id: 'o 1', operation: 'read', path: '/3303/0/5701' }, 'object');
        expect(await commander.end('o 1')).toMatchObject({ state: 'done', value: 'Cel' });
        const found = await app.find('LWM2MREQ:o%201');
        expect(found).toHaveLength(2);
      }
      const types = { tinyiot: 'string' } as Readonly<Record<string, string>>;
      await commander.run({ id: 't', operation: 'read', path: '/3303/0/5701' });
      const latest = await app.see(contentInstance, `${name}/responses/la`);
      expect(typeof latest?.con).toBe(types[cse.dialect] ?? 'object');
    });

    it('nonsense fails with a reason, under its own id or that of the contentInstance', async () => {
      const nameless = await commander.put('this is no JSON');
      const expected = await commander.end(nameless.ri);
      expect(expected).toMatchObject({ state: 'failed', rsc: 4000, reason: expect.stringContaining('object') });
      for (const [id, nonsense] of Object.entries({
        a: { operation: 'dance', path: '/3' },
        b: { operation: 'read', path: 'three' },
        c: { operation: 'write', path: '/3311/0/5851', value: 'bright' },
        d: { operation: 'read', path: '/3', expires: 'soon' },
        e: { operation: 'read', path: '/3', colour: 'red' },
      })) {
        expect(await commander.run({ id, ...nonsense })).toMatchObject({ state: 'failed', rsc: 4000 });
      }
      expect(asked).toEqual([]);
    });

    it('commands are carried out in the order of their creation, each once', async () => {
      const values = [10, 20, 30, 40, 50, 60, 70, 80];
      for (const value of values) {
        await commander.put({ id: `${value}`, operation: 'write', path: '/3311/0/5851', value });
      }
      for (const value of values) expect(await commander.end(`${value}`)).toMatchObject({ state: 'done' });
      // A device may refuse a content format first.
      expect(asked.filter((line) => /^PUT.* 2.04$/.test(line))).toHaveLength(values.length);
      const read = await commander.run({ id: 'last', operation: 'read', path: '/3311/0/5851' });
      expect(read.value).toBe(80);
    });

    it('a command whose time is over is not carried out', async () => {
      const late = await commander.run({
        id: 'late',
        operation: 'execute',
        path: '/3/0/4',
        expires: '20200101T000000',
      });
      expect(late).toMatchObject({ state: 'expired', rsc: 4008 });
      expect(asked).toEqual([]);
    });

    it('the CSE refuses commands of an application that access.command does not name', async () => {
      const request = { con: JSON.stringify({ id: 'x', operation: 'execute', path: '/3/0/4' }) };
      const refused = other.client.create(contentInstance, `${cse.base}/${name}/requests`, request);
      await expect(refused).rejects.toMatchObject({ rsc: 4103 });
      const read = other.see(container, `${name}/requests`);
      await expect(read).rejects.toMatchObject({ rsc: 4103 });
      expect(asked).toEqual([]);
    });

    it('a request whose notification was lost is carried out once all the same', async () => {
      const own = { originator: 'Clwm2m-ipe' };
      const address = `${cse.base}/lwm2m-ipe`;
      const { poa } = await app.client.retrieve(ae, address, own);
      await app.client.update(ae, address, { poa: ['http://127.0.0.1:9'] }, own);
      await commander.put({ id: 'lost', operation: 'execute', path: '/3/0/4' });
      expect(await commander.end('lost')).toMatchObject({ state: 'done' });
      await app.client.update(ae, address, { poa: poa ?? [] }, own);
      await commander.run({ id: 'next', operation: 'read', path: '/3311/0/5851' });
      expect(asked.filter((line) => line.startsWith('POST'))).toEqual(['POST /3/0/4 2.04']);
      expect(await commander.end('lost')).toMatchObject({ state: 'done' });
    });

    it('a subscription that is gone is made again', async () => {
      const address = `${cse.base}/${name}/requests/lwm2m-ipe`;
      await app.client.delete(address, { originator: 'Clwm2m-ipe' });
      await commander.ready();
      expect(await commander.run({ id: '1', operation: 'read', path: '/3303/0/5701' })).toMatchObject({ value: 'Cel' });
    });

    it('an IPE that starts again carries out what came meanwhile, and nothing twice', async () => {
      await commander.run({ id: 'before', operation: 'execute', path: '/3/0/4' });
      await device.stop({ deregister: false });
      await ipe.stop();
      await commander.put({ id: 'meanwhile', operation: 'execute', path: '/3/0/4' });
      ipe = await startIpe(cse, configuration);
      device = await started();
      expect(await commander.end('meanwhile')).toMatchObject({ state: 'done' });
      await commander.end('before');
      expect(asked.filter((line) => line.startsWith('POST'))).toHaveLength(2);
    });

    it('requests and responses are bounded, live as long as the device and have policies of their own', async () => {
      const own = { originator: 'Clwm2m-ipe' };
      await commander.run({ id: '1', operation: 'read', path: '/3/0/0' });
      const requests = await app.see(container, `${name}/requests`);
      const responses = await app.see(container, `${name}/responses`);
      expect([requests?.mni, responses?.mni]).toEqual([20, 60]);
      for (const lasting of [requests, responses]) {
        expect(parseTimestamp(lasting?.et ?? '') - Date.now()).toBeGreaterThan(365 * 24 * 3600 * 1000);
      }
      const itsAe = await app.see(ae, name);
      expect(parseTimestamp(itsAe?.et ?? '') - Date.now()).toBeLessThan(3600 * 1000);
      const policy = await app.client.retrieve(acp, `${cse.base}/acp-lwm2m-ipe-requests`, own);
      expect(policy.pv?.acr?.map(({ acor }) => acor)).toContainEqual(['Ccommander']);
      await device.stop();
      expect(await app.see(container, `${name}/requests`)).toBeUndefined();
    });
  });
}

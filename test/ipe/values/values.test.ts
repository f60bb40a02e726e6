import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Logger, silentLogger, systemClock } from '../../../common/index.ts';
import { CseClient, DIALECTS, formatTimestamp, Operation, ResourceType } from '../../../cse-client/index.ts';
import { EmbeddedCse } from '../../../embedded-cse/index.ts';
import type { EndpointTree } from '../../../ipe/bridge/endpoint-tree.ts';
import type { ValueParts, ValueSettings } from '../../../ipe/values/parts.ts';
import { Values } from '../../../ipe/values/values.ts';
import {
  type Operation as DeviceOperation,
  decodeObjectLinks,
  type Node,
  ObjectModels,
  type Outcome,
  type Registration,
} from '../../../lwm2m/index.ts';
import { eventually } from '../../support/ipe.ts';

const { acp, ae, container, contentInstance } = ResourceType;
const AE = 'cse-in/device';
const HOUR = 3_600_000;

const links = (text: string) => decodeObjectLinks(Buffer.from(text));
const temperature = (value: number): Node => ({ path: { objectId: 3303, instanceId: 0, resourceId: 5700 }, value });
const answered = (...nodes: Node[]): Outcome => ({ kind: 'success', code: '2.05', nodes });

/** Values on an embedded CSE, with a device that is a function. */
describe('values behind the bridge', () => {
  let cse: EmbeddedCse;
  let client: CseClient;
  let values: Values;
  let asked: DeviceOperation[];
  let answer: (operation: DeviceOperation, signal: AbortSignal) => Outcome | Promise<Outcome>;
  let told: string[];
  let registration: Registration;
  let tree: EndpointTree;

  const settings: ValueSettings = {
    policy: { mode: 'semantic', observe: 'always', rules: [] },
    maxInstances: 10,
    storeUnchanged: true,
    discover: false,
    readers: 4,
    maxInFlight: 2,
    queue: { values: 100, bytes: 100_000, totalBytes: 1_000_000 },
    base: 'cse-in',
    labels: { lwm2m: true, interworking: true, extra: [] },
  };

  beforeEach(async () => {
    cse = new EmbeddedCse({
      host: '127.0.0.1',
      port: 0,
      dialect: 'acme',
      cseId: '/id-in',
      cseBase: 'cse-in',
      adminOriginator: 'CAdmin',
    });
    const { url } = await cse.start();
    client = new CseClient({
      url,
      originator: 'CAdmin',
      releaseVersion: '3',
      timeout: 2000,
      maxInFlight: 8,
      dialect: DIALECTS.acme,
    });
    const rule = { acor: ['all'], acop: 63 };
    const policy = await client.create(acp, 'cse-in', { rn: 'acp', pv: { acr: [rule] }, pvs: { acr: [rule] } });
    asked = [];
    told = [];
    answer = () => answered(temperature(20));
    const warn = (message: string) => void told.push(message);
    const logger: Logger = { ...silentLogger, warn, error: warn };
    const parts: ValueParts = {
      client,
      cse: () => ({
        cseBase: undefined,
        dialect: DIALECTS.acme,
        nodeCreation: 'none',
        accessControlPolicy: policy.ri,
        degraded: [],
      }),
      availability: { away: undefined, failed: () => {} },
      presence: { generation: 1, restore: () => Promise.resolve(false) },
      models: () => ObjectModels.official(),
      perform: async (_endpoint, operation, { signal }) => {
        asked.push(operation);
        return answer(operation, signal);
      },
      encode: () => ({ format: 110, payload: Buffer.from('[]') }),
      clock: systemClock,
      logger,
      random: Math.random,
    };
    values = new Values(settings, parts);
    const objectLinks = links('</3303/0>');
    registration = {
      id: 'r1',
      endpoint: 'device',
      peer: { address: '127.0.0.1', port: 1, key: '127.0.0.1 1' },
      lifetime: 60,
      version: '1.1',
      binding: 'U',
      queueMode: false,
      objectLinks,
      registeredAt: 0,
      updatedAt: 0,
    };
    const names = { resourceName: 'device', aeId: 'Cdevice', nodeName: 'node-device' };
    const expiresAt = Date.now() + HOUR;
    const et = formatTimestamp(expiresAt);
    tree = {
      endpoint: 'device',
      names,
      version: '1.1',
      objectLinks,
      nodeId: undefined,
      expiresAt,
      incarnation: 1,
      lasting: new Set(),
    };
    await client.create(
      ae,
      'cse-in',
      { rn: 'device', api: 'Nx', rr: false, srv: ['3'], acpi: [policy.ri], et },
      { originator: 'Cdevice' },
    );
    await client.create(container, AE, { rn: '3303_0', acpi: [policy.ri] });
  });
  afterEach(async () => {
    await values.stop();
    await client.close();
    await cse.stop();
  });

  const latest = async (path: string) => {
    try {
      return (await client.retrieve(contentInstance, `${AE}/${path}/la`)).con;
    } catch {
      return undefined;
    }
  };
  const holds = (path: string, value: unknown) =>
    eventually(
      () => latest(path),
      (found) => found === value,
    );
  const report = (...nodes: Node[]) =>
    values.report({
      registration,
      source: 'notify',
      nodes,
      path: { objectId: 3303, instanceId: 0 },
      content: { format: 110, payload: Buffer.from('[]') },
      receivedAt: Date.now(),
    });

  it('nothing is asked before the bridge has answered', async () => {
    values.follow(registration, tree, true);
    expect(asked).toEqual([]);
    await holds('3303_0/5700', 20);
    expect(asked).toEqual([{ type: 'observe', path: { objectId: 3303, instanceId: 0 } }]);
  });

  it.each(['timeout', 'asleep', 'reset'] as const)(
    'a device that ends in %s is asked again when it updates, and the rest of it not before',
    async (kind) => {
      const more = { ...registration, objectLinks: links('</3303/0>,</3303/1>') };
      answer = () => ({ kind });
      values.follow(more, tree, true);
      await eventually(
        async () => asked.length,
        (count) => count > 0,
      );
      await new Promise((resolve) => setImmediate(resolve));
      expect(asked).toHaveLength(1);
      answer = () => answered(temperature(21));
      values.follow(more, tree, false);
      await holds('3303_0/5700', 21);
      expect(asked.length).toBeGreaterThanOrEqual(2);
    },
  );

  it('a device that leaves while it is asked is asked nothing more', async () => {
    let signalled: AbortSignal | undefined;
    answer = (_operation, signal) => {
      signalled = signal;
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve({ kind: 'cancelled' })));
    };
    values.follow({ ...registration, objectLinks: links('</3303/0>,</3303/1>') }, tree, true);
    await eventually(
      async () => signalled,
      (signal) => signal !== undefined,
    );
    values.leave('device');
    expect(signalled?.aborted).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
    expect([asked.length, values.size]).toEqual([1, 0]);
  });

  it('no more devices are asked at once than configured', async () => {
    let [now, most] = [0, 0];
    answer = async () => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 5));
      now -= 1;
      return { kind: 'refused', code: '4.04' };
    };
    for (let index = 0; index < 20; index += 1) {
      values.follow({ ...registration, id: `r${index}`, endpoint: `device-${index}` }, tree, true);
    }
    await eventually(
      async () => asked.length,
      (count) => count === 40,
    );
    expect(most).toBe(4);
  });

  it('a container that the CSE will not have costs its own values and no others', async () => {
    cse.faults.refuse(4102, { op: Operation.create, ty: container, to: /5700$/ });
    cse.faults.refuse(4102, { op: Operation.create, ty: contentInstance, to: /5700$/ });
    values.follow(registration, tree, true);
    const multiple: Node = { ...temperature(1), path: { ...temperature(1).path, resourceInstanceId: 0 } };
    const other: Node = { path: { objectId: 3303, instanceId: 0, resourceId: 5701 }, value: 'Cel' };
    report(multiple, other);
    await holds('3303_0/5701', 'Cel');
    await holds('3303_0/5701', 'Cel');
    report(multiple);
    await eventually(
      async () => values.waiting,
      (waiting) => waiting === 0,
    );
    expect(values.counters).toMatchObject({ refused: 3, stored: 1 });
  });

  it('a stop while containers are made leaves the AE with the time that it was granted', async () => {
    cse.faults.delay(60, { op: Operation.create, ty: container });
    values.follow(registration, tree, true);
    await eventually(
      async () => client.retrieve(ae, AE),
      (found) => (found.et ?? '') > '2029',
    );
    await values.stop();
    for (const found of [await client.retrieve(ae, AE), await client.retrieve(container, `${AE}/3303_0`)]) {
      expect((found.et ?? '') < '2029').toBe(true);
    }
  });

  it('a value larger than the CSE takes is left out and told', async () => {
    values.follow(registration, tree, true);
    const large: Node = { path: { objectId: 3303, instanceId: 0, resourceId: 5750 }, value: 'x'.repeat(1_100_000) };
    report(large, temperature(5));
    await holds('3303_0/5700', 20);
    expect(values.counters.tooLarge).toBe(1);
    expect(told).toContain('a value is larger than the CSE takes');
  });

  it('of a device that reports more resources than are kept the first are', async () => {
    values.follow({ ...registration, objectLinks: links('') }, tree, true);
    const nodes = Array.from({ length: 5000 }, (_, resourceId) => ({
      path: { objectId: 3303, instanceId: 0, resourceId },
      value: 1,
    }));
    report(...nodes);
    expect(values.counters.beyondContainers).toBe(5000 - 4096);
    expect(values.waiting).toBe(100);
    values.leave('device');
  });

  it('a device without a tree has no values', () => {
    report(temperature(1));
    expect([values.size, values.waiting]).toEqual([0, 0]);
  });
});

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { IpeError } from '../../common/index.ts';
import { Applications, COMMANDER } from './applications.ts';
import { BridgeProcess } from './bridge-process.ts';
import { BridgeWitness } from './bridge-witness.ts';
import { type ChaosCse, startChaosCse } from './chaos-cse.ts';
import { ChaosDevice, OBSERVED, SENT } from './chaos-device.ts';
import { CseWitness } from './cse-witness.ts';
import type { Evidence } from './evidence.ts';
import { HttpRelay } from './http-relay.ts';
import { Moments } from './moments.ts';
import { namesBelow, treeStand } from './tree-stand.ts';

/** What a world is made of. */
export interface WorldOptions {
  readonly seed: number;
  readonly devices: number;
  readonly cse: 'embedded' | 'acme';
  /** Where the store and the log of the bridge lie. */
  readonly folder: string;
}

/**
 * Seconds; what is gone for longer is gone. Longer than the clock of the bridge jumps, and than it is away on a slow machine,
 * so that nobody leaves who did not want to.
 */
const LIFETIME = 45;
/** Milliseconds until every device has registered and been read for the first time. */
const BEGIN_PATIENCE = 120_000;

/** Devices, bridge, CSE and applications, each where something can happen to it, and all that is seen of them. */
export class World {
  readonly cse: ChaosCse;
  readonly bridge: BridgeProcess;
  readonly devices: readonly ChaosDevice[];
  readonly way: HttpRelay;
  readonly applications: Applications;
  readonly witness: CseWitness;
  readonly #bridgeWitness: BridgeWitness;
  readonly #others: ReadonlySet<string>;
  #heapBefore = 0;
  #fresh: Evidence['fresh'] = [];
  #uncommanded: ReadonlySet<string> = new Set();

  private constructor(parts: {
    readonly cse: ChaosCse;
    readonly bridge: BridgeProcess;
    readonly devices: readonly ChaosDevice[];
    readonly way: HttpRelay;
    readonly applications: Applications;
    readonly witness: CseWitness;
    readonly bridgeWitness: BridgeWitness;
    readonly others: ReadonlySet<string>;
  }) {
    this.cse = parts.cse;
    this.bridge = parts.bridge;
    this.devices = parts.devices;
    this.way = parts.way;
    this.applications = parts.applications;
    this.witness = parts.witness;
    this.#bridgeWitness = parts.bridgeWitness;
    this.#others = parts.others;
  }

  /** Starts everything; resolves when each device is registered and its values have been read. */
  static async begin({ seed, devices: count, cse: which, folder }: WorldOptions): Promise<World> {
    const cse = await startChaosCse(which);
    const moments = new Moments();
    const witness = new CseWitness(cse.base, [OBSERVED, SENT], moments);
    const way = new HttpRelay(
      seed,
      () => new URL(cse.url),
      (exchange) => witness.answered(exchange),
    );
    await way.open();
    const applications = await Applications.open(cse);
    await applications.furnish();
    const others = new Set(await namesBelow(applications.client, cse));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'bridge.yaml'), CONFIGURATION);
    const bridgeWitness = new BridgeWitness(moments);
    const bridge = new BridgeProcess(environment(way.url, cse, folder), join(folder, 'bridge.log'), (line) =>
      bridgeWitness.said(line),
    );
    const parts = {
      seed: seed * 1_000,
      moments,
      bridgePort: () => bridge.port,
      bridgeLife: () => bridge.starts,
      lifetime: LIFETIME,
    };
    const devices = await Promise.all(Array.from({ length: count }, (_, index) => ChaosDevice.open(index, parts)));
    const world = new World({ cse, bridge, devices, way, applications, witness, bridgeWitness, others });
    try {
      await bridge.start();
      if (!bridge.running) throw new IpeError('test/bridge', `the bridge did not start: ${bridge.ownEnds.join()}`);
      await Promise.all(devices.map((device) => device.come()));
      await world.#settledIn();
    } catch (error) {
      await world.dispose();
      throw error;
    }
    return world;
  }

  /** Starts the CSE after a kill, with what applications have of their own. */
  async refurnish(): Promise<void> {
    this.witness.generation += 1;
    await this.applications.furnish();
  }

  /** Puts things of others into the trees that are there. */
  async inhabit(): Promise<void> {
    for (const device of this.devices) if (device.isRegistered) await this.applications.inhabit(device.endpoint);
  }

  /** Sets one more value on each device that is there: each of these has to reach the CSE, and each device to be commanded. */
  refresh(): void {
    const there = this.devices.filter((device) => device.isThere);
    this.#fresh = there.map((device) => ({ endpoint: device.endpoint, path: OBSERVED, value: device.value() }));
    this.#uncommanded = new Set(there.map(({ endpoint }) => endpoint));
  }

  /** Tries to command each device for which that has not succeeded since it is calm. */
  async command(): Promise<void> {
    const left = new Set<string>();
    for (const endpoint of this.#uncommanded) if (!(await this.applications.request(endpoint))) left.add(endpoint);
    this.#uncommanded = left;
  }

  /** Everything that has been seen so far, and what the CSE shows now. */
  async evidence(): Promise<Evidence> {
    const { witness, devices, applications, cse } = this;
    const endpoints = devices.map(({ endpoint }) => endpoint);
    return {
      told: devices.flatMap((device) => device.witness.told),
      stored: witness.stored,
      begun: devices.flatMap((device) => device.witness.begun),
      dropped: this.#bridgeWitness.dropped,
      fresh: this.#fresh,
      uncommanded: [...this.#uncommanded],
      issued: await applications.issued(),
      states: witness.states,
      carried: devices.flatMap((device) => device.witness.carried),
      devices: devices.map(({ stand }) => stand),
      tree: await treeStand(applications.client, cse, this.#others, endpoints),
      canaries: await applications.canaries(),
      process: {
        ownEnds: this.bridge.ownEnds,
        heapBefore: this.#heapBefore,
        heapAfter: this.bridge.running ? await this.bridge.heap() : 0,
      },
    };
  }

  async dispose(): Promise<void> {
    this.cse.resume();
    await this.bridge.dispose();
    await Promise.all(this.devices.map((device) => device.dispose()));
    await this.way.dispose();
    await this.applications.dispose();
    await this.cse.dispose();
  }

  async #settledIn(): Promise<void> {
    const end = performance.now() + BEGIN_PATIENCE;
    const quiet = () => {
      const known = new Set(this.witness.stored.map(({ endpoint, path }) => `${endpoint} ${path}`));
      return this.devices.every(({ endpoint }) => known.has(`${endpoint} ${OBSERVED}`));
    };
    while (!quiet() && performance.now() < end) await sleep(50);
    await this.inhabit();
    this.#heapBefore = await this.bridge.heap();
  }
}

/** What is sent is not observed beside: the two ways have no order between them. */
const CONFIGURATION = `values:
  rules:
    - { object: 3304, observe: never }
`;

/** The configuration of the bridge: quick to notice, and with room for all values, so that none may be dropped. */
function environment(cseUrl: string, cse: ChaosCse, folder: string): Record<string, string> {
  return {
    IPE_CONFIG: join(folder, 'bridge.yaml'),
    IPE_CSE_URL: cseUrl,
    IPE_CSE_BASE: cse.base,
    IPE_CSE_CSE_ID: cse.cseId,
    IPE_CSE_ADMIN_ORIGINATOR: cse.adminOriginator,
    IPE_CSE_TIMEOUT: '3s',
    IPE_CSE_START_TIMEOUT: '10m',
    // What others make below is cut to the time of what it stands in, and nobody renews it for them.
    IPE_CSE_EXPIRY_MARGIN: '3600',
    IPE_STORE_KIND: 'lmdb',
    IPE_STORE_PATH: join(folder, 'store'),
    IPE_VALUES_MAX_INSTANCES: '100000',
    IPE_ACCESS_COMMAND: COMMANDER,
    IPE_COMMANDS_MAX_INSTANCES: '10000',
    IPE_COMMANDS_POLL_INTERVAL: '2s',
    IPE_COMMANDS_EXPIRY: '12s',
    IPE_COMMANDS_QUEUE_EXPIRY: '12s',
    IPE_LWM2M_QUEUE_MODE_AWAKE: '1500ms',
    // `warn` at least: what is dropped is read from it.
    IPE_LOG_LEVEL: process.env.CHAOS_LOG_LEVEL ?? 'info',
  };
}

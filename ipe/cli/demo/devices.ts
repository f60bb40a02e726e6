import { IpeError } from '../../../common/index.ts';
import { type ObjectSelection, type ServerAddress, SimulatedDevice } from '../../../simulator/index.ts';

/** A device of the demo. */
export interface DemoDevice {
  readonly endpoint: string;
  /** What it is, in a few words. */
  readonly about: string;
  /** Registers and stays registered. */
  arrive(): Promise<void>;
  /** De-registers. */
  leave(): Promise<void>;
}

interface Kind {
  readonly endpoint: string;
  readonly version: '1.0' | '1.1';
  readonly objects: ObjectSelection;
  readonly about: string;
}

const KINDS: readonly Kind[] = [
  {
    endpoint: 'greenhouse',
    version: '1.1',
    objects: { 1: [0], 3: [0], 3303: [0, 1] },
    about: 'two temperatures, inside and outside',
  },
  {
    endpoint: 'urn:imei:356938035643809',
    version: '1.1',
    objects: { 1: [0], 3: [0], 5: [0], 3303: [0] },
    about: 'a cold store on the mobile network; its firmware can be updated',
  },
  {
    endpoint: 'street-lamp',
    version: '1.0',
    objects: { 1: [0], 3: [0], 3311: [0] },
    about: 'a lamp that can be dimmed',
  },
];

/** Short, so that one sees expiration times move. */
const LIFETIME_S = 30;
/** Longest wait for the answer to a Register, longest time for a De-register; milliseconds. */
const ARRIVAL_LIMIT = 15_000;
const DEPARTURE_LIMIT = 3_000;

function demoDevice(server: ServerAddress, kind: Kind, endpoint: string): DemoDevice {
  const { version, objects, about } = kind;
  const device = new SimulatedDevice({ server, endpoint, version, objects, lifetime: LIFETIME_S });
  return {
    endpoint,
    about: `LwM2M ${version}: ${about}`,
    arrive: () => withinLimit(device.start(), endpoint),
    leave: () => device.stop({ limit: DEPARTURE_LIMIT }),
  };
}

async function withinLimit(arrival: Promise<void>, endpoint: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const text = `${endpoint} could not register within ${ARRIVAL_LIMIT / 1_000} s`;
    timer = setTimeout(() => reject(new IpeError('demo/arrival', text)), ARRIVAL_LIMIT);
  });
  await Promise.race([arrival, late]).finally(() => clearTimeout(timer));
}

/** So many devices of several kinds, not yet registered. */
export function createDevices(count: number, server: ServerAddress): DemoDevice[] {
  return Array.from({ length: count }, (_, index) => {
    const kind = KINDS[index % KINDS.length] as Kind;
    const round = Math.floor(index / KINDS.length);
    return demoDevice(server, kind, round === 0 ? kind.endpoint : `${kind.endpoint}-${round + 1}`);
  });
}

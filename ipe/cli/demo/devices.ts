import { IpeError } from '../../../common/index.ts';
import { objectName } from '../../../mappings/index.ts';
import { DEMO_DEVICES, type ServerAddress, SimulatedDevice } from '../../../simulator/index.ts';

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

/** Short, so that one sees expiration times move. */
const LIFETIME_S = 30;
/** Longest wait for the answer to a Register, longest time for a De-register; milliseconds. */
const ARRIVAL_LIMIT = 15_000;
const DEPARTURE_LIMIT = 3_000;

/** What a device has beside the objects 1 and 3, which every device has. */
function about({ version, queueMode, objects = {} }: (typeof DEMO_DEVICES)[number]): string {
  const special = Object.entries(objects).filter(([id]) => id !== '1' && id !== '3');
  const names = special.map(([id, instances]) => {
    const count = instances.length > 1 ? `${instances.length} x ` : '';
    return `${count}${objectName(Number(id)) ?? `object ${id}`}`;
  });
  return `LwM2M ${version}${queueMode ? ', sleeps in between' : ''}: ${names.join(', ')}`;
}

function demoDevice(server: ServerAddress, kind: (typeof DEMO_DEVICES)[number], endpoint: string): DemoDevice {
  const device = new SimulatedDevice({ ...kind, server, endpoint, lifetime: LIFETIME_S });
  return {
    endpoint,
    about: about(kind),
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
    const kind = DEMO_DEVICES[index % DEMO_DEVICES.length] as (typeof DEMO_DEVICES)[number];
    const round = Math.floor(index / DEMO_DEVICES.length);
    return demoDevice(server, kind, round === 0 ? kind.endpoint : `${kind.endpoint}-${round + 1}`);
  });
}

import { IpeError } from '../common/index.ts';
import { LWM2M_VERSIONS, type Lwm2mVersion } from '../lwm2m/index.ts';
import type { ObjectSelection } from './object-tree.ts';
import { OBJECT_CATALOGUE } from './objects/catalogue.ts';
import { parseServerUri } from './server-uri.ts';

/** What `simulate` is told; one entry of `SIMULATE_OPTIONS` each. */
export interface SimulationOptions {
  readonly server: string;
  readonly endpoints: number;
  readonly prefix: string;
  /** Seconds. */
  readonly lifetime: number;
  readonly version: Lwm2mVersion;
  /** With Q for queue mode, e.g. `U` or `UQ`. */
  readonly binding: string;
  /** Devices started per second. */
  readonly rate: number;
  /** Seconds; 0: until it is interrupted. */
  readonly duration: number;
  readonly objects: ObjectSelection;
  readonly rootPath: string;
  readonly extraObjects: number;
  readonly maxSockets: number;
  readonly deregister: boolean;
  readonly update: boolean;
  readonly duplicate: boolean;
  /** Milliseconds. */
  readonly reorder: number;
  readonly badPayload: boolean;
}

/** One option of the command line. */
export interface SimulateOption<Name extends keyof SimulationOptions = keyof SimulationOptions> {
  readonly name: Name;
  /** As a command line parser wants it, e.g. `--lifetime <seconds>`; `--no-…` switches off what is on by default. */
  readonly flags: string;
  readonly description: string;
  /** The value where the option is not given. */
  readonly default: SimulationOptions[Name];
  /** That value as help shows it, where it is not plain. */
  readonly shown?: string;
  /** Reads the argument; throws `IpeError` `simulator/option` with what is allowed. Absent on switches. */
  readonly parse?: (text: string) => SimulationOptions[Name];
}

function option<Name extends keyof SimulationOptions>(row: SimulateOption<Name>): SimulateOption {
  return row as unknown as SimulateOption;
}

/** The options of `simulate`, in the order of its help. */
export const SIMULATE_OPTIONS: readonly SimulateOption[] = [
  option({
    name: 'server',
    flags: '--server <uri>',
    description: 'LwM2M server, coap://host[:port]; IPv6 addresses in brackets',
    default: 'coap://127.0.0.1:5683',
    parse: (text) => {
      parseServerUri(text);
      return text;
    },
  }),
  option({
    name: 'endpoints',
    flags: '--endpoints <n>',
    description: 'how many devices, 1 to 100000',
    default: 1,
    parse: whole('--endpoints', 1, 100_000),
  }),
  option({
    name: 'prefix',
    flags: '--prefix <text>',
    description: 'endpoint names are this and a number',
    default: 'sim-',
    parse: (text) => text,
  }),
  option({
    name: 'lifetime',
    flags: '--lifetime <seconds>',
    description: 'lifetime of the registrations; devices update after half of it',
    default: 300,
    parse: whole('--lifetime', 1, 2_147_483_647),
  }),
  option({
    name: 'version',
    flags: '--version <version>',
    description: 'version of LwM2M: 1.0, 1.1 or 1.2',
    default: '1.1',
    parse: version,
  }),
  option({
    name: 'binding',
    flags: '--binding <letters>',
    description: 'binding, with Q for queue mode',
    default: 'U',
    parse: binding,
  }),
  option({
    name: 'objects',
    flags: '--objects <list>',
    description: 'objects (instance 0) or instances: any of 1,3,5,3303,3311, e.g. 1,3,3303/0,3303/1',
    default: { 1: [0], 3: [0], 5: [0], 3303: [0], 3311: [0] },
    shown: '1,3,5,3303,3311',
    parse: parseObjects,
  }),
  option({
    name: 'rate',
    flags: '--rate <n>',
    description: 'devices started per second',
    default: 100,
    parse: whole('--rate', 1, 100_000),
  }),
  option({
    name: 'duration',
    flags: '--duration <seconds>',
    description: 'how long to run; 0: until interrupted',
    default: 0,
    parse: whole('--duration', 0, 2_147_483),
  }),
  option({
    name: 'rootPath',
    flags: '--root-path <path>',
    description: 'alternate root path of the objects, e.g. lwm2m',
    default: '',
    shown: 'none',
    parse: (text) => text.replace(/^\/+|\/+$/g, ''),
  }),
  option({
    name: 'extraObjects',
    flags: '--extra-objects <n>',
    description: 'list this many more objects (long lists go in blocks)',
    default: 0,
    parse: whole('--extra-objects', 0, 5_000),
  }),
  option({
    name: 'maxSockets',
    flags: '--max-sockets <n>',
    description: 'UDP sockets at most; endpoints beyond share them',
    default: 10_000,
    parse: whole('--max-sockets', 1, 60_000),
  }),
  option({
    name: 'deregister',
    flags: '--no-deregister',
    description: 'leave without De-register',
    default: true,
  }),
  option({
    name: 'update',
    flags: '--no-update',
    description: 'send no Updates, so that the registrations expire',
    default: true,
  }),
  option({
    name: 'duplicate',
    flags: '--duplicate',
    description: 'send every datagram twice',
    default: false,
  }),
  option({
    name: 'reorder',
    flags: '--reorder <milliseconds>',
    description: 'hold each datagram for a random time up to this',
    default: 0,
    parse: whole('--reorder', 0, 10_000),
  }),
  option({
    name: 'badPayload',
    flags: '--bad-payload',
    description: 'register with a malformed list of objects',
    default: false,
  }),
];

/** Every option at its default. */
export const SIMULATION_DEFAULTS: SimulationOptions = Object.fromEntries(
  SIMULATE_OPTIONS.map((row) => [row.name, row.default]),
) as unknown as SimulationOptions;

function whole(flag: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,10}$/.test(text) && value >= least && value <= most) return value;
    throw new IpeError('simulator/option', `${flag}: expected a whole number from ${least} to ${most}, not "${text}"`);
  };
}

function version(text: string): Lwm2mVersion {
  const known = LWM2M_VERSIONS.find((each) => each === text);
  if (known) return known;
  throw new IpeError('simulator/option', `--version: expected ${LWM2M_VERSIONS.join(', ')}, not "${text}"`);
}

function binding(text: string): string {
  if (/^[A-Z]{1,6}$/.test(text)) return text;
  throw new IpeError('simulator/option', `--binding: expected letters such as U or UQ, not "${text}"`);
}

/** `1,3,3303/0,3303/1` as a selection; a number alone is its instance 0. Throws `IpeError` `simulator/option`. */
export function parseObjects(text: string): ObjectSelection {
  const selection: Record<number, number[]> = {};
  for (const entry of text.split(',')) {
    const [, objectText = '', instanceText = '0'] = /^\s*(\d{1,5})(?:\/(\d{1,5}))?\s*$/.exec(entry) ?? [];
    const objectId = Number(objectText);
    if (objectText === '' || !OBJECT_CATALOGUE.has(objectId)) {
      const known = [...OBJECT_CATALOGUE.keys()].sort((a, b) => a - b).join(', ');
      throw new IpeError('simulator/option', `--objects: expected a list of ${known}, not "${entry.trim()}"`);
    }
    selection[objectId] ??= [];
    if (!selection[objectId].includes(Number(instanceText))) selection[objectId].push(Number(instanceText));
  }
  return selection;
}

import type { CoapCode, Lwm2mVersion } from '../lwm2m/index.ts';
import type { ObjectSelection } from './object-tree.ts';
import { OBJECT_CATALOGUE } from './objects/catalogue.ts';
import { FORMAT_NAMES } from './operations/content-formats.ts';
import {
  binding,
  blockSize,
  errorCode,
  format,
  identity,
  parseObjects,
  presharedKey,
  version,
  whole,
} from './option-readers.ts';
import { parseServerUri } from './server-uri.ts';

/** What `simulate` is told; one entry of `SIMULATE_OPTIONS` each. */
export interface SimulationOptions {
  readonly server: string;
  /** PSK identity, `{endpoint}` for the name of the device. */
  readonly identity: string;
  readonly psk: Buffer | undefined;
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
  readonly queueMode: boolean;
  /** Seconds. */
  readonly awake: number;
  /** Seconds; 0: by the lifetime. */
  readonly updateInterval: number;
  /** Seconds. */
  readonly valueInterval: number;
  readonly confirmEvery: number;
  /** Seconds; 0: never. */
  readonly sendInterval: number;
  /** Content-Format; undefined: all of the version. */
  readonly format: number | undefined;
  readonly blockSize: number;
  readonly unknownObject: boolean;
  /** Seconds. */
  readonly rebootTime: number;
  readonly refuseWrites: CoapCode | undefined;
  /** Milliseconds. */
  readonly answerDelay: number;
  readonly answer: boolean;
  readonly acknowledgeOnly: boolean;
  /** Per cent. */
  readonly loseNotifications: number;
  readonly retransmit: number;
  readonly partialNotifications: boolean;
  readonly ignoreAccept: boolean;
}

/** Headings of the help. */
export type OptionGroup = 'Devices' | 'LwM2M' | 'Queue mode' | 'Values' | 'Misbehaviour, on demand';

/** One option of the command line. */
export interface SimulateOption<Name extends keyof SimulationOptions = keyof SimulationOptions> {
  readonly name: Name;
  /** As a command line parser wants it, e.g. `--lifetime <seconds>`; `--no-…` switches off what is on by default. */
  readonly flags: string;
  readonly description: string;
  readonly group: OptionGroup;
  /** The value where the option is not given. */
  readonly default: SimulationOptions[Name];
  /** That value as help shows it, where it is not plain. */
  readonly shown?: string;
  /** Reads the argument; throws `IpeError` `simulator/option` with what is allowed. Absent on switches. */
  readonly parse?: (text: string) => SimulationOptions[Name];
}

const OBJECT_IDS = [...OBJECT_CATALOGUE.keys()].sort((a, b) => a - b).join(', ');

function option<Name extends keyof SimulationOptions>(row: SimulateOption<Name>): SimulateOption {
  return row as unknown as SimulateOption;
}

/** The options of `simulate`, in the order of its help. */
export const SIMULATE_OPTIONS: readonly SimulateOption[] = [
  option({
    name: 'server',
    group: 'Devices',
    flags: '--server <uri>',
    description: 'LwM2M server, coap://host[:port] or coaps://host[:port]; IPv6 addresses in brackets',
    default: 'coap://127.0.0.1:5683',
    parse: (text) => {
      parseServerUri(text);
      return text;
    },
  }),
  option({
    name: 'identity',
    group: 'Devices',
    flags: '--identity <text>',
    description: 'PSK identity for coaps; {endpoint} is the name of the device',
    default: '{endpoint}',
    parse: identity,
  }),
  option({
    name: 'psk',
    group: 'Devices',
    flags: '--psk <hex>',
    description: 'pre-shared key for coaps, in hexadecimal, or @FILE that holds it; all devices have the same',
    default: undefined,
    shown: 'none',
    parse: presharedKey,
  }),
  option({
    name: 'endpoints',
    group: 'Devices',
    flags: '--endpoints <n>',
    description: 'how many devices, 1 to 100000',
    default: 1,
    parse: whole('--endpoints', 1, 100_000),
  }),
  option({
    name: 'prefix',
    group: 'Devices',
    flags: '--prefix <text>',
    description: 'endpoint names are this and a number',
    default: 'sim-',
    parse: (text) => text,
  }),
  option({
    name: 'rate',
    group: 'Devices',
    flags: '--rate <n>',
    description: 'devices started per second',
    default: 100,
    parse: whole('--rate', 1, 100_000),
  }),
  option({
    name: 'duration',
    group: 'Devices',
    flags: '--duration <seconds>',
    description: 'how long to run; 0: until interrupted',
    default: 0,
    parse: whole('--duration', 0, 2_147_483),
  }),
  option({
    name: 'maxSockets',
    group: 'Devices',
    flags: '--max-sockets <n>',
    description: 'UDP sockets at most; endpoints beyond share them',
    default: 10_000,
    parse: whole('--max-sockets', 1, 60_000),
  }),
  option({
    name: 'version',
    group: 'LwM2M',
    flags: '--version <version>',
    description: 'version of LwM2M: 1.0, 1.1 or 1.2',
    default: '1.1',
    parse: version,
  }),
  option({
    name: 'lifetime',
    group: 'LwM2M',
    flags: '--lifetime <seconds>',
    description: 'lifetime of the registrations; devices update after half of it',
    default: 300,
    parse: whole('--lifetime', 1, 2_147_483_647),
  }),
  option({
    name: 'binding',
    group: 'LwM2M',
    flags: '--binding <letters>',
    description: 'binding, with Q for queue mode',
    default: 'U',
    parse: binding,
  }),
  option({
    name: 'objects',
    group: 'LwM2M',
    flags: '--objects <list>',
    description: `objects (instance 0) or instances, e.g. 1,3,3303/0,3303/1; there are ${OBJECT_IDS}`,
    default: { 1: [0], 3: [0], 5: [0], 3303: [0], 3311: [0] },
    shown: '1,3,5,3303,3311',
    parse: parseObjects,
  }),
  option({
    name: 'unknownObject',
    group: 'LwM2M',
    flags: '--unknown-object',
    description: 'have object 32769 too, which no registry knows',
    default: false,
  }),
  option({
    name: 'extraObjects',
    group: 'LwM2M',
    flags: '--extra-objects <n>',
    description: 'list this many more objects (long lists go in blocks)',
    default: 0,
    parse: whole('--extra-objects', 0, 5_000),
  }),
  option({
    name: 'rootPath',
    group: 'LwM2M',
    flags: '--root-path <path>',
    description: 'alternate root path of the objects, e.g. lwm2m',
    default: '',
    shown: 'none',
    parse: (text) => text.replace(/^\/+|\/+$/g, ''),
  }),
  option({
    name: 'format',
    group: 'LwM2M',
    flags: '--format <name>',
    description: `the only content format beside text and opaque: ${Object.keys(FORMAT_NAMES).join(', ')}; all: those of the version`,
    default: undefined,
    shown: 'all',
    parse: format,
  }),
  option({
    name: 'blockSize',
    group: 'LwM2M',
    flags: '--block-size <bytes>',
    description: 'what is longer goes in blocks of this size, 16 to 1024',
    default: 1024,
    parse: blockSize,
  }),
  option({
    name: 'rebootTime',
    group: 'LwM2M',
    flags: '--reboot-time <seconds>',
    description: 'how long a device is away that was told to reboot',
    default: 2,
    parse: whole('--reboot-time', 0, 3_600),
  }),
  option({
    name: 'queueMode',
    group: 'Queue mode',
    flags: '--queue-mode',
    description: 'sleep between messages (binding UQ in 1.0, Q from 1.1 on)',
    default: false,
  }),
  option({
    name: 'awake',
    group: 'Queue mode',
    flags: '--awake <seconds>',
    description: 'how long to listen after the last message, notifications included',
    default: 93,
    parse: whole('--awake', 1, 86_400),
  }),
  option({
    name: 'updateInterval',
    group: 'Queue mode',
    flags: '--update-interval <seconds>',
    description: 'wake and send an Update this often; 0: after half of the lifetime',
    default: 0,
    parse: whole('--update-interval', 0, 2_147_483),
  }),
  option({
    name: 'valueInterval',
    group: 'Values',
    flags: '--value-interval <seconds>',
    description: 'look at observed values this often, and notify of those that changed',
    default: 10,
    parse: whole('--value-interval', 1, 86_400),
  }),
  option({
    name: 'confirmEvery',
    group: 'Values',
    flags: '--confirm-every <n>',
    description: 'make every nth notification confirmable; 0: only where the server wants it',
    default: 10,
    parse: whole('--confirm-every', 0, 1_000),
  }),
  option({
    name: 'sendInterval',
    group: 'Values',
    flags: '--send-interval <seconds>',
    description: 'send the values of the sensors unasked (Send, from 1.1 on); 0: never',
    default: 0,
    parse: whole('--send-interval', 0, 86_400),
  }),
  option({
    name: 'deregister',
    group: 'Misbehaviour, on demand',
    flags: '--no-deregister',
    description: 'leave without De-register',
    default: true,
  }),
  option({
    name: 'update',
    group: 'Misbehaviour, on demand',
    flags: '--no-update',
    description: 'send no Updates, so that the registrations expire',
    default: true,
  }),
  option({
    name: 'duplicate',
    group: 'Misbehaviour, on demand',
    flags: '--duplicate',
    description: 'send every datagram twice',
    default: false,
  }),
  option({
    name: 'reorder',
    group: 'Misbehaviour, on demand',
    flags: '--reorder <milliseconds>',
    description: 'hold each datagram for a random time up to this',
    default: 0,
    parse: whole('--reorder', 0, 10_000),
  }),
  option({
    name: 'badPayload',
    group: 'Misbehaviour, on demand',
    flags: '--bad-payload',
    description: 'register with a malformed list of objects',
    default: false,
  }),
  option({
    name: 'refuseWrites',
    group: 'Misbehaviour, on demand',
    flags: '--refuse-writes <code>',
    description: 'answer Write, Create and Delete with this code, e.g. 4.05',
    default: undefined,
    shown: 'none',
    parse: errorCode,
  }),
  option({
    name: 'answerDelay',
    group: 'Misbehaviour, on demand',
    flags: '--answer-delay <milliseconds>',
    description: 'take this long for each answer',
    default: 0,
    parse: whole('--answer-delay', 0, 600_000),
  }),
  option({
    name: 'answer',
    group: 'Misbehaviour, on demand',
    flags: '--no-answer',
    description: 'answer no request of the server',
    default: true,
  }),
  option({
    name: 'acknowledgeOnly',
    group: 'Misbehaviour, on demand',
    flags: '--acknowledge-only',
    description: 'acknowledge the requests of the server, and answer none',
    default: false,
  }),
  option({
    name: 'loseNotifications',
    group: 'Misbehaviour, on demand',
    flags: '--lose-notifications <percent>',
    description: 'lose this part of the non-confirmable notifications',
    default: 0,
    parse: whole('--lose-notifications', 0, 100),
  }),
  option({
    name: 'retransmit',
    group: 'Misbehaviour, on demand',
    flags: '--retransmit <n>',
    description: 'send each notification this many times more',
    default: 0,
    parse: whole('--retransmit', 0, 10),
  }),
  option({
    name: 'partialNotifications',
    group: 'Misbehaviour, on demand',
    flags: '--partial-notifications',
    description: 'notify of an instance only what changed',
    default: false,
  }),
  option({
    name: 'ignoreAccept',
    group: 'Misbehaviour, on demand',
    flags: '--ignore-accept',
    description: 'answer in the usual format, whatever was asked for',
    default: false,
  }),
];

/** Every option at its default. */
export const SIMULATION_DEFAULTS: SimulationOptions = Object.fromEntries(
  SIMULATE_OPTIONS.map((row) => [row.name, row.default]),
) as unknown as SimulationOptions;

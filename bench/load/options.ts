import { parseArgs } from 'node:util';

/** What one phase of a load run does with every endpoint. */
export type Phase = 'register' | 'update' | 'deregister' | 'lifecycle';

const PHASES: readonly string[] = ['register', 'update', 'deregister', 'lifecycle'] satisfies Phase[];

/** What to play against which server. */
export interface LoadOptions {
  readonly host: string;
  readonly port: number;
  readonly phases: readonly Phase[];
  readonly endpoints: number;
  /** Endpoint names are this and seven digits. */
  readonly prefix: string;
  /** Number of the first endpoint. */
  readonly first: number;
  /** Requests in flight while `rate` is 0. */
  readonly window: number;
  /** Operations started in a second whatever the answers do; 0: as fast as the window lets. */
  readonly rate: number;
  /** Updates of the whole update phase; 0: one for each endpoint. */
  readonly operations: number;
  /** Updates of each endpoint in a lifecycle. */
  readonly updates: number;
  /** UDP sockets among which the endpoints are dealt; 0: one of its own for each endpoint, closed when it is done. */
  readonly sockets: number;
  readonly lifetime: number;
  readonly links: string;
  /** Process whose CPU time and memory are reported with each phase; 0: none. */
  readonly watch: number;
  /** Seconds after which the run gives up. */
  readonly limit: number;
}

/** The four links of an idle device: Server, Device, a temperature and a light. */
export const FOUR_LINKS = '</>;rt="oma.lwm2m";ct=110,</1/0>,</3/0>,</3303/0>,</3311/0>';

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

/** The options in the arguments of a command line; a RangeError says what is wrong with them. */
export function parseLoadOptions(words: readonly string[]): LoadOptions {
  const { values } = parseArgs({
    args: [...words],
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '5683' },
      mode: { type: 'string', default: 'register' },
      endpoints: { type: 'string', default: '1000' },
      prefix: { type: 'string', default: 'load-' },
      first: { type: 'string', default: '0' },
      window: { type: 'string', default: '256' },
      rate: { type: 'string', default: '0' },
      operations: { type: 'string', default: '0' },
      updates: { type: 'string', default: '1' },
      sockets: { type: 'string', default: '32' },
      lifetime: { type: 'string', default: '86400' },
      links: { type: 'string', default: FOUR_LINKS },
      'watch-pid': { type: 'string', default: '0' },
      limit: { type: 'string', default: '300' },
    },
  });
  const whole = (name: Exclude<keyof typeof values, 'host'>, min: number, max: number): number => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new RangeError(`--${name} must be a whole number from ${min} to ${max}`);
    }
    return value;
  };
  if (!LOOPBACK.test(values.host)) throw new RangeError('--host must be an address of the loopback');
  const phases = values.mode.split(',');
  const unknown = phases.find((phase) => !PHASES.includes(phase));
  if (unknown !== undefined) throw new RangeError(`--mode: ${unknown} is none of ${PHASES.join(', ')}`);
  return {
    host: values.host,
    port: whole('port', 1, 65535),
    phases: phases as Phase[],
    endpoints: whole('endpoints', 1, 1_000_000),
    prefix: values.prefix,
    first: whole('first', 0, 9_000_000),
    window: whole('window', 1, 16_384),
    rate: whole('rate', 0, 1_000_000),
    operations: whole('operations', 0, 100_000_000),
    updates: whole('updates', 0, 1_000),
    sockets: whole('sockets', 0, 10_000),
    lifetime: whole('lifetime', 1, 4_294_967_295),
    links: values.links,
    watch: whole('watch-pid', 0, 4_194_304),
    limit: whole('limit', 1, 3_600),
  };
}

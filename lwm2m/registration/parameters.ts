import { DecodeError } from '../../common/index.ts';
import { readBinding } from './binding.ts';
import { excerpt } from './excerpt.ts';
import { LWM2M_VERSIONS, type Lwm2mVersion } from './registration.ts';

/** Seconds that `lt` may name, and what holds when a Register names none. */
export interface LifetimeBounds {
  readonly min: number;
  readonly max: number;
  readonly default: number;
}

/** Lifetime that LwM2M 1.0 table 3 sets when `lt` is absent. */
const DEFAULT_LIFETIME = 86_400;

/** What the query of a Register or Update said; absent means not sent. */
export interface RegistrationParameters {
  endpoint?: string;
  lifetime?: number;
  version?: Lwm2mVersion;
  /** Letters without Q. */
  binding?: string;
  /** Q as a letter of `b`, or as the parameter of its own (1.1). Absent: `b` had none, nor was there a `Q`. */
  queueMode?: boolean;
  smsNumber?: string;
}

/** Operations that carry registration parameters. */
export type ParameterOperation = 'register' | 'update';

/** One registration parameter as the specification has it. */
export interface ParameterRow {
  readonly name: string;
  readonly clause: string;
  readonly register: 'required' | 'optional';
  /** `ignored`: not in the table of Update; the registration's own value stands whatever is sent. */
  readonly update: 'optional' | 'ignored';
  /** Value when a Register does not send it; none: there is no default. */
  readonly default?: string;
  /** What it may be, as a refusal says it. */
  readonly allowed: (bounds: LifetimeBounds) => string;
  /** Takes the value over; false refuses it. No `=` in the query: undefined. */
  readonly read: (into: RegistrationParameters, value: string | undefined, bounds: LifetimeBounds) => boolean;
}

/** Registration parameters of LwM2M 1.0, 1.1 and 1.2 but the object links, which are the payload. */
export const REGISTRATION_PARAMETERS: readonly ParameterRow[] = [
  {
    name: 'ep',
    clause: 'LwM2M 1.0 5.3.1 table 3',
    register: 'required',
    update: 'ignored',
    allowed: () => '1 to 255 bytes of UTF-8 without control characters',
    read: (into, value) => {
      if (value === undefined || !isEndpointName(value)) return false;
      into.endpoint = value;
      return true;
    },
  },
  {
    name: 'lt',
    clause: 'LwM2M 1.0 5.3.1 table 3, 5.3.2 table 5; 0 is infinite: Object 1 version 1.1 and later, resource 1',
    register: 'optional',
    update: 'optional',
    default: String(DEFAULT_LIFETIME),
    allowed: ({ min, max }) => `an integer from ${min} to ${max} (seconds)`,
    read: (into, value, { min, max }) => {
      if (value === undefined || !/^\d{1,10}$/.test(value)) return false;
      // A registration is soft state and must end some day: infinite is as long as the operator allows.
      const lifetime = Number(value) || max;
      into.lifetime = lifetime;
      return lifetime >= min && lifetime <= max;
    },
  },
  {
    name: 'lwm2m',
    clause: 'LwM2M 1.0 5.3.1 table 3; refusal of what is newer: 1.1 6.2.1',
    register: 'optional',
    update: 'ignored',
    default: '1.0',
    allowed: () => 'a version such as 1.1',
    read: (into, value) => {
      if (value === undefined || !/^(?:0|[1-9]\d{0,2})\.(?:0|[1-9]\d{0,2})$/.test(value)) return false;
      const version = LWM2M_VERSIONS.find((known) => known === value);
      if (version === undefined) throw new DecodeError('lwm2m/version', unspoken(value));
      into.version = version;
      return true;
    },
  },
  {
    name: 'b',
    clause: 'LwM2M 1.0 5.3.1.1 table 4, 5.3.2 table 5; letters of 1.1 and 1.2: 6.2.1.2',
    register: 'optional',
    update: 'optional',
    default: 'U',
    allowed: () => 'transport letters such as U, UQ, US or UT',
    read: (into, value) => {
      const binding = value === undefined ? undefined : readBinding(value);
      if (binding === undefined) return false;
      into.binding = binding.letters;
      if (binding.queueMode) into.queueMode = true;
      return true;
    },
  },
  {
    name: 'Q',
    clause: 'LwM2M 1.1 6.2.1: a flag without a value; with one it is read as a boolean',
    register: 'optional',
    update: 'optional',
    allowed: () => 'without a value',
    read: (into, value) => {
      if (value === 'false' || value === '0') into.queueMode ??= false;
      else if (value === undefined || value === '' || value === 'true' || value === '1') into.queueMode = true;
      else return false;
      return true;
    },
  },
  {
    name: 'sms',
    clause: 'LwM2M 1.0 5.3.1 table 3, 5.3.2 table 5 (an MSISDN)',
    register: 'optional',
    update: 'optional',
    allowed: () => 'up to 20 characters: digits, a leading + allowed',
    read: (into, value) => {
      if (value === undefined || value.length > 20 || !/^\+?\d+$/.test(value)) return false;
      into.smsNumber = value;
      return true;
    },
  },
];

const MAX_QUERY_OPTIONS = 32;
const MAX_NAME_BYTES = 255;
const INDEX_BY_NAME: ReadonlyMap<string, number> = new Map(REGISTRATION_PARAMETERS.map(({ name }, i) => [name, i]));

/**
 * Reads the Uri-Query of a Register or Update; unknown parameters are ignored. Throws `DecodeError`: `lwm2m/version`
 * for a version we do not speak, `lwm2m/parameter` for what is malformed, missing, sent twice or too much.
 */
export function parseParameters(
  query: readonly string[],
  operation: ParameterOperation,
  bounds: LifetimeBounds,
): RegistrationParameters {
  if (query.length > MAX_QUERY_OPTIONS) throw refused(`more than ${MAX_QUERY_OPTIONS} parameters`);
  const parameters: RegistrationParameters = {};
  let seen = 0;
  for (const option of query) {
    const equals = option.indexOf('=');
    const index = INDEX_BY_NAME.get(equals < 0 ? option : option.slice(0, equals));
    if (index === undefined) continue;
    const row = REGISTRATION_PARAMETERS[index]!;
    if (row[operation] === 'ignored') continue;
    if ((seen & (1 << index)) !== 0) throw refused(`${row.name} is sent twice`);
    seen |= 1 << index;
    const value = equals < 0 ? undefined : option.slice(equals + 1);
    if (!row.read(parameters, value, bounds)) throw malformed(row, value, bounds);
  }
  if (operation === 'register') demandRequired(seen);
  return parameters;
}

function demandRequired(seen: number): void {
  for (let index = 0; index < REGISTRATION_PARAMETERS.length; index += 1) {
    const row = REGISTRATION_PARAMETERS[index]!;
    if (row.register === 'required' && (seen & (1 << index)) === 0) throw refused(`${row.name} is missing`);
  }
}

function refused(reason: string): DecodeError {
  return new DecodeError('lwm2m/parameter', reason);
}

function malformed(row: ParameterRow, value: string | undefined, bounds: LifetimeBounds): DecodeError {
  const got = value === undefined ? 'no value' : `"${excerpt(value)}"`;
  return refused(`${row.name} must be ${row.allowed(bounds)}, not ${got}`);
}

function unspoken(value: string): string {
  return `lwm2m ${excerpt(value)} is not spoken here: ${LWM2M_VERSIONS.join(', ')} are`;
}

/** True for 1 to 255 bytes of UTF-8 without control characters. U+FFFD is refused: it stands for bytes that were no UTF-8, and two such names would become one. */
export function isEndpointName(name: string): boolean {
  if (name === '' || name.length > MAX_NAME_BYTES) return false;
  let ascii = true;
  for (let i = 0; i < name.length; i += 1) {
    const code = name.charCodeAt(i);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0xfffd) return false;
    if (code > 0x7f) ascii = false;
  }
  return ascii || (!/\p{Surrogate}/u.test(name) && Buffer.byteLength(name) <= MAX_NAME_BYTES);
}

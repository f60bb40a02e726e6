import { DecodeError } from '../../common/index.ts';
import { CONTENT_FORMATS } from '../content/content-formats.ts';
import { excerpt } from '../registration/excerpt.ts';
import { isEndpointName } from '../registration/parameters.ts';

/** What the query of a Bootstrap-Request said; absent means not sent. */
export interface BootstrapParameters {
  /** Absent from 1.1 on where the credentials of the client name it. */
  endpoint?: string;
  /** Preferred Content Format (1.1). */
  preferredFormat?: number;
}

/** One parameter of a Bootstrap-Request. */
export interface BootstrapParameterRow {
  readonly name: string;
  readonly clause: string;
  readonly allowed: string;
  /** Takes the value over; false refuses it. */
  readonly read: (into: BootstrapParameters, value: string) => boolean;
}

/** Formats in which objects can be bootstrapped: those with room for several resources. */
const BOOTSTRAP_FORMATS: ReadonlySet<number> = new Set([110, 112, 1542, 1543, 11542, 11543, 11544]);

/** Parameters of Bootstrap-Request and Bootstrap-Pack-Request. */
const BOOTSTRAP_PARAMETERS: readonly BootstrapParameterRow[] = [
  {
    name: 'ep',
    clause: 'LwM2M 1.0 5.2.7.1, 1.1 6.1.7.1, 1.2 6.1.7.8',
    allowed: '1 to 255 bytes of UTF-8 without control characters',
    read: (into, value) => {
      if (!isEndpointName(value)) return false;
      into.endpoint = value;
      return true;
    },
  },
  {
    name: 'pct',
    clause: 'LwM2M 1.1 6.1.7.1: Preferred Content Format; 4.15 where it cannot be used',
    allowed: 'the number of a content format',
    read: (into, value) => {
      if (!/^\d{1,5}$/.test(value)) return false;
      const format = Number(value);
      if (!BOOTSTRAP_FORMATS.has(format)) {
        const known = [...BOOTSTRAP_FORMATS].filter((each) => CONTENT_FORMATS.has(each)).join(', ');
        throw new DecodeError('lwm2m/preferred-format', `pct ${format} cannot be used here: ${known} can`);
      }
      into.preferredFormat = format;
      return true;
    },
  },
];

const MAX_QUERY_OPTIONS = 32;

/**
 * Reads the Uri-Query of a Bootstrap-Request; unknown parameters are ignored. Throws `DecodeError`:
 * `lwm2m/preferred-format` for a `pct` that cannot be used, `lwm2m/parameter` for what is malformed, sent twice or too much.
 */
export function parseBootstrapParameters(query: readonly string[]): BootstrapParameters {
  if (query.length > MAX_QUERY_OPTIONS) throw refused(`more than ${MAX_QUERY_OPTIONS} parameters`);
  const parameters: BootstrapParameters = {};
  const seen = new Set<BootstrapParameterRow>();
  for (const option of query) {
    const equals = option.indexOf('=');
    const name = equals < 0 ? option : option.slice(0, equals);
    const row = BOOTSTRAP_PARAMETERS.find((each) => each.name === name);
    if (row === undefined) continue;
    if (seen.has(row)) throw refused(`${row.name} is sent twice`);
    seen.add(row);
    const value = equals < 0 ? '' : option.slice(equals + 1);
    if (!row.read(parameters, value)) throw refused(`${row.name} must be ${row.allowed}, not "${excerpt(value)}"`);
  }
  return parameters;
}

function refused(reason: string): DecodeError {
  return new DecodeError('lwm2m/parameter', reason);
}

import { DecodeError } from '../../common/index.ts';
import { formatPath, type KeptObservation, type Path, parsePath } from '../../lwm2m/index.ts';
import { Fields } from './fields.ts';
import type { RecordFormat } from './record-format.ts';

const MOST_PATHS = 1_000;
const TOKEN = /^(?:[0-9a-f]{2}){1,8}$/;

/** Devices of one kind are observed for the same. */
const known = new Map<string, Path>();
const MOST_KNOWN = 10_000;

function pathOf(text: string): Path {
  let path = known.get(text);
  if (path === undefined) {
    path = parsePath(text);
    if (known.size < MOST_KNOWN) known.set(text, path);
  }
  return path;
}

/** An observation. Key: its token in hexadecimal. */
export const observationFormat: RecordFormat<KeptObservation> = {
  version: 1,
  encode: ({ token, paths, ...rest }) => ({ ...rest, token: token.toString('hex'), paths: paths.map(formatPath) }),
  decode: (json) => {
    const fields = new Fields(json);
    const token = fields.text('token', 16);
    const paths = fields.texts('paths', MOST_PATHS, 64).map(pathOf);
    const composite = fields.flag('composite');
    if (!TOKEN.test(token) || paths.length === 0 || (!composite && paths.length > 1)) {
      throw new DecodeError('store/record', 'an observation without token or path');
    }
    return {
      endpoint: fields.text('endpoint', 255),
      registrationId: fields.text('registrationId', 64),
      token: Buffer.from(token, 'hex'),
      paths,
      composite,
      format: fields.has('format') ? fields.integer('format', 0, 65_535) : undefined,
    };
  },
};

import { DecodeError } from '../../common/index.ts';
import { DIALECTS, type DialectName } from '../../cse-client/index.ts';
import type { CseIdentity, RememberedCse } from '../cse/remembered-cse.ts';
import { Fields } from './fields.ts';
import type { RecordFormat } from './record-format.ts';

const MOST_TYPES = 500;
const MOST_VERSIONS = 20;
const LONGEST_URL = 2_048;
const NODE_CREATIONS = ['own', 'administrator', 'none'] as const;

/** What the CSE was in the last run that found it. */
export const cseFormat: RecordFormat<RememberedCse> = {
  version: 1,
  encode: ({ place, cseBase, dialect, nodeCreation, accessControlPolicy }) => ({
    place,
    cseBase: cseBase && encodeIdentity(cseBase),
    dialect,
    nodeCreation,
    accessControlPolicy,
  }),
  decode: (json) => {
    const fields = new Fields(json);
    const place = new Fields(fields.raw('place'));
    return {
      place: {
        url: place.text('url', LONGEST_URL),
        base: place.text('base'),
        originator: place.text('originator'),
        resourceName: place.text('resourceName'),
        releaseVersion: place.text('releaseVersion', 16),
      },
      cseBase: fields.has('cseBase') ? decodeIdentity(new Fields(fields.raw('cseBase'))) : undefined,
      dialect: fields.oneOf('dialect', Object.keys(DIALECTS) as DialectName[]),
      nodeCreation: fields.oneOf('nodeCreation', NODE_CREATIONS),
      accessControlPolicy: fields.text('accessControlPolicy'),
    };
  },
};

function encodeIdentity({ ri, rn, csi, srt, srv }: CseIdentity): CseIdentity {
  return {
    ri,
    ...(rn !== undefined && { rn }),
    ...(csi !== undefined && { csi }),
    ...(srt !== undefined && { srt: srt.slice(0, MOST_TYPES) }),
    ...(srv !== undefined && { srv: srv.slice(0, MOST_VERSIONS) }),
  };
}

function decodeIdentity(fields: Fields): CseIdentity {
  return {
    ri: fields.text('ri'),
    ...(fields.has('rn') && { rn: fields.text('rn') }),
    ...(fields.has('csi') && { csi: fields.text('csi') }),
    ...(fields.has('srt') && { srt: fields.list('srt', MOST_TYPES).map(resourceType) }),
    ...(fields.has('srv') && { srv: fields.texts('srv', MOST_VERSIONS) }),
  };
}

function resourceType(item: unknown): number {
  if (typeof item === 'number' && Number.isSafeInteger(item) && item >= 0) return item;
  throw new DecodeError('store/record', 'srt is not a list of resource types');
}

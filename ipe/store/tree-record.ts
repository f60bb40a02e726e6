import { LWM2M_VERSIONS } from '../../lwm2m/index.ts';
import type { EndpointTree } from '../bridge/endpoint-tree.ts';
import { Fields } from './fields.ts';
import { objectLinksText, parseObjectLinksText } from './object-links-text.ts';
import type { RecordFormat } from './record-format.ts';

/** What the CSE should hold for an endpoint, but for `incarnation`, which counts within one run. */
export type StoredTree = Omit<EndpointTree, 'incarnation'>;

const MOST_LASTING = 1_000;
const LONGEST_LINKS = 65_536;

/** A tree on the CSE. Key: the endpoint name. */
export const treeFormat: RecordFormat<StoredTree> = {
  version: 1,
  encode: ({ endpoint, names, version, objectLinks, nodeId, expiresAt, lasting }) => ({
    endpoint,
    ...names,
    version,
    objectLinks: objectLinksText(objectLinks),
    nodeId,
    expiresAt,
    lasting: lasting.size === 0 ? undefined : [...lasting],
  }),
  decode: (json) => {
    const fields = new Fields(json);
    const [resourceName, aeId, nodeName] = [fields.text('resourceName'), fields.text('aeId'), fields.text('nodeName')];
    return {
      endpoint: fields.text('endpoint', 255),
      names: { resourceName, aeId, nodeName },
      version: fields.oneOf('version', LWM2M_VERSIONS),
      objectLinks: parseObjectLinksText(fields.text('objectLinks', LONGEST_LINKS)),
      nodeId: fields.has('nodeId') ? fields.text('nodeId') : undefined,
      expiresAt: fields.time('expiresAt'),
      lasting: new Set(fields.has('lasting') ? fields.texts('lasting', MOST_LASTING) : []),
    };
  },
};

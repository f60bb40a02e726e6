import * as z from 'zod';
import { key } from '../notes.ts';
import { resourceName, whole } from '../values.ts';

const RESOURCE_NAME = 'letters, digits, _ and -, beginning with a letter or digit';

/** How resources are named. */
export const namesSection = z.strictObject({
  ipe: key(resourceName(64).prefault('lwm2m-ipe'), {
    kind: 'text',
    description: "resourceName of the IPE's own AE.",
    allowed: `1 to 64 ${RESOURCE_NAME}`,
  }),
  nodePrefix: key(resourceName(16).prefault('node-'), {
    kind: 'text',
    description: "Stands before a device's name in the resourceName of its <node>, which is a sibling of its AE.",
    allowed: `1 to 16 ${RESOURCE_NAME}`,
  }),
  maxLength: key(whole(16, 200).optional(), {
    kind: 'integer',
    description:
      'Longest resourceName made from an endpoint name, in characters. A longer one is cut and ends in a hash; the endpoint name always stands in appName, nodeID and a label.',
    allowed: 'a whole number from 16 to 200',
    whenAbsent: 'what the CSE is known to take',
    example: '30',
  }),
});

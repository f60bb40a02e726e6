import * as z from 'zod';
import { key } from '../notes.ts';

/** Which labels resources carry, by which applications find them. */
export const labelsSection = z.strictObject({
  lwm2m: key(z.boolean().prefault(true), {
    kind: 'boolean',
    description:
      'The labels of TS-0014: LWM2MRT:, LWM2MPTH:, LWM2MURI: and LWM2MCT: on containers, the version of LwM2M on AE and node. LWM2MEP:, the endpoint name, always stands.',
    allowed: 'true or false',
  }),
  interworking: key(z.boolean().prefault(true), {
    kind: 'boolean',
    description:
      'The generic labels of oneM2M interworking: Iwked-Technology:, Iwked-Entity-Type: and Iwked-Entity-ID:.',
    allowed: 'true or false',
  }),
  extra: key(
    z
      .array(z.string().regex(/^[^\p{Cc},]{1,128}$/u))
      .max(32)
      .prefault([]),
    {
      kind: 'list',
      description:
        'Labels of your own on every resource of every device, for instance a site. Some CSEs cannot search labels with a blank.',
      allowed: 'a list of at most 32 texts of 1 to 128 characters without commas and control characters',
    },
  ),
});

import * as z from 'zod';
import { key } from '../notes.ts';

/** State that outlives the process. */
export const storeSection = z.strictObject({
  kind: key(z.enum(['auto', 'lmdb', 'memory']).prefault('auto'), {
    kind: 'choice',
    description:
      'Where registrations, observations, values on their way and what is to be done on the CSE are kept: lmdb on the disk, so that nothing is lost and devices notice no restart; memory, and a restart waits for each device to register again. auto: lmdb where cse.url is set, memory beside the embedded CSE, which forgets everything, too.',
    allowed: 'auto, lmdb or memory',
  }),
  path: key(
    z
      .string()
      .min(1)
      .max(1_024)
      .regex(/^[^\0]+$/)
      .prefault('./data'),
    {
      kind: 'text',
      description:
        'Directory of its own for lmdb, made where there is none; on a local disk, for one process at a time.',
      allowed: 'a path of at most 1024 characters',
    },
  ),
});

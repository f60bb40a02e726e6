import * as z from 'zod';
import { key } from '../notes.ts';
import { ORIGINATOR_LIST_ALLOWED, originatorList } from '../values.ts';

/** Who may do what with the resources of the IPE; becomes an <accessControlPolicy>. */
export const accessSection = z.strictObject({
  read: key(originatorList().prefault(['all']), {
    kind: 'list',
    description: 'Originators that discover and read what the IPE makes.',
    allowed: ORIGINATOR_LIST_ALLOWED,
  }),
  subscribe: key(originatorList().prefault(['all']), {
    kind: 'list',
    description: 'Originators that may create subscriptions on it, where the CSE can express that.',
    allowed: ORIGINATOR_LIST_ALLOWED,
  }),
  command: key(originatorList().prefault([]), {
    kind: 'list',
    description:
      'Originators that may command devices, by contentInstances in the container requests of each. Nobody: there are no such containers.',
    allowed: ORIGINATOR_LIST_ALLOWED,
  }),
});

import * as z from 'zod';
import { key } from '../notes.ts';
import { ORIGINATOR_LIST_ALLOWED, originatorList, whole } from '../values.ts';

const rule = z.strictObject({
  endpoint: z.string().min(1).max(255),
  discover: originatorList().optional(),
  read: originatorList().optional(),
  subscribe: originatorList().optional(),
  command: originatorList().optional(),
  administer: originatorList().optional(),
});

/** Who may do what with the resources of the IPE; becomes <accessControlPolicy> resources. */
export const accessSection = z.strictObject({
  discover: key(originatorList().prefault([]), {
    kind: 'list',
    description: 'Originators that find what the IPE makes without reading it, beside those of access.read.',
    allowed: ORIGINATOR_LIST_ALLOWED,
  }),
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
  administer: key(originatorList().prefault([]), {
    kind: 'list',
    description:
      'Originators that may do everything with the resources of devices, deleting included. The policies themselves belong to the IPE alone: this configuration is their source.',
    allowed: ORIGINATOR_LIST_ALLOWED,
  }),
  rules: key(z.array(rule).max(1_000).prefault([]), {
    kind: 'list',
    description:
      'Other originators for some endpoints; the first rule that matches counts, and a list that it leaves out is that for all. In the file only.',
    allowed:
      'in the file a list of at most 1000 rules such as {endpoint: "meter-*", read: [Cbilling], command: []}, the endpoint with * for any text, the lists discover, read, subscribe, command and administer optional',
  }),
  shortServerId: key(whole(1, 65_534).optional(), {
    kind: 'integer',
    description:
      'Short Server ID under which devices with several servers know the IPE; by it their Access Control objects (2) are read.',
    allowed: 'a whole number from 1 to 65534',
    whenAbsent: 'the one Server instance (1) that the device lets the IPE read tells',
    example: '123',
  }),
});

import type { DeviceStand, Evidence, Invariant } from '../evidence.ts';

/** What the bridge makes beside devices, below the CSEBase. */
const OWN = ['acp-lwm2m-ipe', 'lwm2m-ipe'];
/** Containers of an endpoint that no object lists: of commands. */
const OF_COMMANDS = ['requests', 'responses'];

function registered({ devices }: Evidence): DeviceStand[] {
  return devices.filter((device) => device.registered);
}

/** Each registered device has one AE, one node and its containers; nobody else has any; nothing is left over. */
export const TREE_AS_REGISTERED: Invariant = {
  name: 'the tree on the CSE is what is registered',
  broken(evidence) {
    const { tree } = evidence;
    const wanted = [...OWN, ...registered(evidence).flatMap(({ endpoint }) => [endpoint, `node-${endpoint}`])].sort();
    const found = [...tree.top].sort();
    return [
      ...wanted.filter((name) => !found.includes(name)).map((name) => `${name} is missing`),
      ...found.filter((name) => !wanted.includes(name)).map((name) => `${name} belongs to nobody`),
      ...found.filter((name, index) => found[index - 1] === name).map((name) => `${name} is there twice`),
      ...registered(evidence).flatMap((device) => containers(device, tree.containers[device.endpoint])),
    ];
  },
};

function containers({ endpoint, containers }: DeviceStand, found: readonly string[] | undefined): string[] {
  if (found === undefined) return [];
  const wanted = [...containers, ...OF_COMMANDS];
  return [
    ...wanted.filter((name) => !found.includes(name)).map((name) => `${endpoint}/${name} is missing`),
    ...found.filter((name) => !wanted.includes(name)).map((name) => `${endpoint}/${name} is listed by nobody`),
  ];
}

/** A device's `requests` has the one subscription that the bridge hears by. */
export const ONE_SUBSCRIPTION: Invariant = {
  name: 'requests are listened to by one subscription',
  broken: (evidence) =>
    registered(evidence).flatMap(({ endpoint }) => {
      const often = evidence.tree.requestSubscriptions[endpoint];
      return often === undefined || often === 1 ? [] : [`${endpoint}/requests has ${often} subscriptions`];
    }),
};

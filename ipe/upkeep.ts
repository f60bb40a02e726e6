import { systemClock } from '../common/index.ts';
import { Backlog, type BacklogTask, type CaughtUp } from './bridge/backlog.ts';
import { Bridge, type TreeFollower } from './bridge/bridge.ts';
import { owned } from './bridge/ownership.ts';
import { Removals } from './bridge/removals.ts';
import { deleteResource } from './bridge/resource-writer.ts';
import { TreeWriter } from './bridge/tree-writer.ts';
import type { Ground } from './ground.ts';
import { Lanes } from './lanes.ts';
import { ORDER_OF_SERVICE } from './load/order-of-service.ts';
import { Reconciliation } from './reconciliation/reconciliation.ts';
import { bridgeSettings, reconciliationSettings, treeSettings } from './settings.ts';

/** Endpoints that are worked on at once for each request in flight: some wait for their first answer, some for their last. */
const WORK_PER_REQUEST = 2;

/** Trees of devices, and whoever keeps them what they should be. */
export interface Upkeep {
  readonly bridge: Bridge;
  readonly removals: Removals;
  readonly backlog: Backlog;
  readonly reconciliation: Reconciliation;
}

/** Who else knows of trees and registrations. */
export interface UpkeepPartners {
  /** Told of each tree. */
  readonly follower: TreeFollower;
  /** Told what stands below the AE of an endpoint. */
  readonly standing: (endpoint: string, names: ReadonlySet<string>) => void;
  /** True when every registration that there is, is known. */
  readonly complete: () => boolean;
}

/** Trees of devices, caught up and reconciled when the CSE is back. */
export function makeUpkeep(ground: Ground, { follower, standing, complete }: UpkeepPartners): Upkeep {
  const { configuration, connection, state, access, logger } = ground;
  const { client, presence, availability, settings, cse } = connection;
  const later = client.withPriority(ORDER_OF_SERVICE.background);
  const common = { clock: systemClock, logger, random: Math.random };
  const named = bridgeSettings(configuration, presence.state.dialect);
  const looking = reconciliationSettings(configuration, settings, named);
  const removals = new Removals(
    async (path) => {
      if ((await owned(later, looking, path)) !== undefined) await deleteResource(later, path);
    },
    systemClock,
    logger,
    state.removals,
  );
  const writer = new TreeWriter(treeSettings(configuration, settings), {
    client,
    cse,
    policyOf: (endpoint) => access.of(endpoint, 'tree'),
    leave: (paths) => removals.add(paths),
    missed: () => reconciliation.call('missing'),
    clock: systemClock,
    logger,
  });
  const backlog = new Backlog({
    carryOut: (task) => carryOut(ground, bridge, task),
    limit: () => client.inFlightLimit,
    away: () => availability.away !== undefined,
    ...common,
  });
  const lanes = new Lanes(() => WORK_PER_REQUEST * client.inFlightLimit);
  const keeper = state.trees;
  const bridge: Bridge = new Bridge(named, {
    writer,
    removals,
    backlog,
    lanes,
    availability,
    presence,
    follower,
    keeper,
    logger,
    random: Math.random,
  });
  const reconciliation: Reconciliation = new Reconciliation(looking, {
    client: later,
    cse,
    bridge,
    backlog,
    removals,
    presence,
    availability,
    standing,
    complete,
    ...common,
  });
  connection.tellGathered(() => ({ journalled: backlog.waiting, toDelete: removals.size }));
  connection.onReturn(() => {
    removals.hurry();
    backlog.hurry();
    reconciliation.call('return');
  });
  presence.onRemade(() => reconciliation.call('missing'));
  return { bridge, removals, backlog, reconciliation };
}

async function carryOut(ground: Ground, bridge: Bridge, { endpoint, damaged, wanted }: BacklogTask): Promise<CaughtUp> {
  let outcome: CaughtUp = 'done';
  const attended = await ground.attend(endpoint, async (registration) => {
    if (wanted()) outcome = await bridge.catchUp(registration, damaged);
  });
  // Not registered yet, for it is about to be; or busy. What has ended is wanted no more.
  return attended ? outcome : 'later';
}

import { DURATION_BOUNDS } from '../../common/index.ts';
import { each, type Family, one } from './family.ts';

/** Values on their way up, commands on their way down, and the store. */
export const WORK_FAMILIES: readonly Family[] = [
  {
    name: 'lwm2m_ipe_values_total',
    type: 'counter',
    help: 'Values of devices: `stored` on the CSE, or not, and why; `unchanged` ones are left out on purpose.',
    labels: ['result'],
    read: ({ values: { counters } }) => {
      const { stored, unchanged, dropped, deviceLeft, refused, tooLarge, beyondContainers } = counters;
      const bounded = { dropped, device_left: deviceLeft, too_large: tooLarge, beyond_containers: beyondContainers };
      return each('result', { stored, unchanged, refused, ...bounded });
    },
  },
  {
    name: 'lwm2m_ipe_value_delay_seconds',
    type: 'histogram',
    help: 'Time from when a value came from its device until the CSE had it.',
    labels: [],
    bounds: DURATION_BOUNDS,
    read: ({ values }) => one(values.counters.delay),
  },
  {
    name: 'lwm2m_ipe_values_waiting',
    type: 'gauge',
    help: 'Values that wait for the CSE.',
    labels: [],
    read: ({ values }) => one(values.waiting),
  },
  {
    name: 'lwm2m_ipe_values_waiting_bytes',
    type: 'gauge',
    help: 'Bytes of the values that wait for the CSE.',
    labels: [],
    read: ({ values }) => one(values.waitingBytes),
  },
  {
    name: 'lwm2m_ipe_values_dropping_devices',
    type: 'gauge',
    help: 'Devices of which values had to be dropped and others still wait.',
    labels: [],
    read: ({ values }) => one(values.counters.dropping),
  },
  {
    name: 'lwm2m_ipe_value_containers_total',
    type: 'counter',
    help: 'Containers of values made on the CSE.',
    labels: [],
    read: ({ values }) => one(values.counters.containers),
  },
  {
    name: 'lwm2m_ipe_observation_checks_total',
    type: 'counter',
    help: 'Observations that were silent for too long and asked for again: the device had told all (`unchanged`), had not or had forgotten them (`changed`), or reports no more (`ended`).',
    labels: ['result'],
    read: ({ values: { counters } }) => each('result', counters.checks),
  },
  {
    name: 'lwm2m_ipe_commands_total',
    type: 'counter',
    help: 'Commands of applications: `taken` ones were read from the CSE, the others are the final states they had.',
    labels: ['state'],
    read: ({ commands }) => {
      if (commands === undefined) return [];
      const { taken, done, failed, expired } = commands.counters;
      return each('state', { taken, done, failed, expired });
    },
  },
  {
    name: 'lwm2m_ipe_commands_waiting',
    type: 'gauge',
    help: 'Commands that have no final state yet.',
    labels: [],
    read: ({ commands }) => one(commands?.waiting),
  },
  {
    name: 'lwm2m_ipe_command_notifications_total',
    type: 'counter',
    help: 'Notifications of the CSE that told of something to command.',
    labels: [],
    read: ({ commands }) => one(commands?.counters.notifications),
  },
  {
    name: 'lwm2m_ipe_command_responses_refused_total',
    type: 'counter',
    help: 'Responses to commands that the CSE refused.',
    labels: [],
    read: ({ commands }) => one(commands?.counters.undelivered),
  },
  {
    name: 'lwm2m_ipe_store_writes_total',
    type: 'counter',
    help: 'Records written to or removed from the store.',
    labels: [],
    read: ({ store }) => one(store.counters.writes),
  },
  {
    name: 'lwm2m_ipe_store_commits_total',
    type: 'counter',
    help: 'Groups of writes that became durable together.',
    labels: [],
    read: ({ store }) => one(store.counters.commits),
  },
  {
    name: 'lwm2m_ipe_store_commit_seconds',
    type: 'histogram',
    help: 'Time until a group of writes was durable.',
    labels: [],
    bounds: DURATION_BOUNDS,
    read: ({ store }) => one(store.counters.commitTime),
  },
  {
    name: 'lwm2m_ipe_store_pending',
    type: 'gauge',
    help: 'Writes to the store that are not durable yet.',
    labels: [],
    read: ({ store }) => one(store.pending),
  },
  {
    name: 'lwm2m_ipe_store_failures_total',
    type: 'counter',
    help: 'Groups of writes that failed and were kept to be tried again.',
    labels: [],
    read: ({ store }) => one(store.counters.failures),
  },
  {
    name: 'lwm2m_ipe_store_quarantined_total',
    type: 'counter',
    help: 'Damaged records of the store that were put aside.',
    labels: [],
    read: ({ store }) => one(store.counters.quarantined),
  },
  {
    name: 'lwm2m_ipe_store_fault',
    type: 'gauge',
    help: '1 while the store cannot be written, else 0.',
    labels: [],
    read: ({ store }) => one(store.fault === undefined ? 0 : 1),
  },
];

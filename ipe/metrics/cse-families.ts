import { DURATION_BOUNDS } from '../../common/index.ts';
import { each, type Family, one } from './family.ts';

/** Requests to the CSE, what it tells us, and what is left to do there. */
export const CSE_FAMILIES: readonly Family[] = [
  {
    name: 'lwm2m_ipe_cse_requests_total',
    type: 'counter',
    help: 'Requests to the CSE, by operation and by response status code (TS-0004 6.6.3), or by the error where there was no answer.',
    labels: ['operation', 'code'],
    read: ({ client }) =>
      Object.entries(client.counters.ends).flatMap(([operation, ends]) =>
        [...ends].map(([code, value]) => ({ labels: { operation, code: String(code) }, value })),
      ),
  },
  {
    name: 'lwm2m_ipe_cse_answer_seconds',
    type: 'histogram',
    help: 'Time from when a request had a connection until the answer of the CSE was whole.',
    labels: ['operation'],
    bounds: DURATION_BOUNDS,
    read: ({ client }) => each('operation', client.counters.answerTime),
  },
  {
    name: 'lwm2m_ipe_cse_requests_in_flight',
    type: 'gauge',
    help: 'Requests to the CSE on the wire now.',
    labels: [],
    read: ({ client }) => one(client.inFlight),
  },
  {
    name: 'lwm2m_ipe_cse_requests_in_flight_limit',
    type: 'gauge',
    help: 'Requests to the CSE that go on the wire at once at most, at present.',
    labels: [],
    read: ({ client }) => one(client.inFlightLimit),
  },
  {
    name: 'lwm2m_ipe_cse_requests_queued',
    type: 'gauge',
    help: 'Requests to the CSE that wait for a connection now.',
    labels: [],
    read: ({ client }) => one(client.queued),
  },
  {
    name: 'lwm2m_ipe_cse_away',
    type: 'gauge',
    help: '1 while the CSE does not answer, else 0.',
    labels: [],
    read: ({ availability }) => one(availability.away === undefined ? 0 : 1),
  },
  {
    name: 'lwm2m_ipe_cse_away_seconds',
    type: 'gauge',
    help: 'For how long the CSE has not answered; 0 while it does.',
    labels: [],
    read: ({ availability }) => one(availability.awayFor / 1000),
  },
  {
    name: 'lwm2m_ipe_trees',
    type: 'gauge',
    help: 'Endpoints that have a tree on the CSE.',
    labels: [],
    read: ({ bridge }) => one(bridge.size),
  },
  {
    name: 'lwm2m_ipe_journal_endpoints',
    type: 'gauge',
    help: 'Registered endpoints whose tree on the CSE is behind: `waiting` to be caught up, or `refused` by the CSE.',
    labels: ['state'],
    read: ({ backlog: { waiting, refused } }) => each('state', { waiting, refused }),
  },
  {
    name: 'lwm2m_ipe_journalled_total',
    type: 'counter',
    help: 'Registrations and Updates accepted without the CSE, to be carried out later.',
    labels: [],
    read: ({ bridge }) => one(bridge.counters.journalled),
  },
  {
    name: 'lwm2m_ipe_reconciliation_runs_total',
    type: 'counter',
    help: 'Comparisons of what should be on the CSE with what is there: `done`, or `failed` as the CSE let them not end.',
    labels: ['result'],
    read: ({ reconciliation: { counters } }) => each('result', { done: counters.runs, failed: counters.failures }),
  },
  {
    name: 'lwm2m_ipe_reconciliation_found_total',
    type: 'counter',
    help: 'What comparisons found: resources `missing`, resources of nobody `deleted`, endpoints `repaired`.',
    labels: ['kind'],
    read: ({ reconciliation: { counters } }) => {
      const { missing, deleted, repaired } = counters;
      return each('kind', { missing, deleted, repaired });
    },
  },
  {
    name: 'lwm2m_ipe_removals_pending',
    type: 'gauge',
    help: 'Resources on the CSE that still have to be deleted.',
    labels: [],
    read: ({ removals }) => one(removals.size),
  },
  {
    name: 'lwm2m_ipe_cse_notifications_total',
    type: 'counter',
    help: 'NOTIFY requests of the CSE: accepted, or refused, and why.',
    labels: ['result'],
    read: ({ notifications: { counters } }) => each('result', { accepted: counters.accepted, ...counters.refused }),
  },
];

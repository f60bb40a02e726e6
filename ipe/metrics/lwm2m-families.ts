import type { CoapCounters, DtlsCounters, Lwm2mServerCounters } from '../../lwm2m/index.ts';
import { each, type Family, labelled, type NumberFamily, one, type Sample } from './family.ts';
import type { MetricSources } from './sources.ts';

/** Counters of the message layer (RFC 7252 4) that are told, by the end of the metric's name. */
const COAP: readonly (readonly [end: string, counter: keyof CoapCounters, help: string])[] = [
  ['messages_received', 'received', 'CoAP datagrams that came.'],
  ['messages_sent', 'sent', 'CoAP datagrams handed to the socket.'],
  ['requests', 'requests', 'CoAP requests of devices, without duplicates, each block for itself.'],
  ['replies', 'replies', 'Replies of devices to CoAP requests of the IPE, each whole.'],
  ['notifications', 'notifications', 'CoAP notifications taken, each whole.'],
  ['duplicates', 'duplicates', 'CoAP messages recognised as duplicates.'],
  ['retransmissions', 'retransmissions', 'CoAP messages of the IPE sent again.'],
  ['given_up', 'givenUp', 'CoAP messages of the IPE that nobody acknowledged.'],
  ['resets', 'reset', 'CoAP messages of the IPE that a device answered with a reset.'],
  ['undecodable', 'undecodable', 'Datagrams that are no CoAP message.'],
  ['refused', 'refused', 'CoAP requests refused for their options, method or blocks.'],
  ['unmatched', 'unmatched', 'CoAP replies, acknowledgements and resets that nothing waits for.'],
  ['dropped_busy', 'droppedBusy', 'CoAP requests answered 5.03, and datagrams dropped, because a bound was reached.'],
  ['rate_limited', 'limited', 'CoAP requests refused or dropped since their sender, or all together, asked too often.'],
  ['separate_answers', 'separate', 'CoAP answers sent after an empty acknowledgement, for they took long.'],
  ['broken_notifications', 'brokenNotifications', 'CoAP notifications whose blocks could not be fetched.'],
  ['socket_errors', 'socketErrors', 'Datagrams that the CoAP socket could not send, and its other errors.'],
  ['handler_failures', 'handlerFailures', 'CoAP requests and notifications that failed inside the IPE.'],
];

/** Handshakes by how they ended (`started` by none yet). */
const HANDSHAKES: Readonly<Record<string, keyof DtlsCounters>> = {
  completed: 'handshakesCompleted',
  resumed: 'handshakesResumed',
  failed: 'handshakesFailed',
  timeout: 'handshakesTimedOut',
  refused: 'handshakesRefused',
  displaced: 'handshakesDisplaced',
  identity: 'identitiesRefused',
};

const DTLS: readonly (readonly [end: string, counter: keyof DtlsCounters, help: string])[] = [
  ['datagrams_received', 'received', 'DTLS datagrams that came.'],
  ['datagrams_sent', 'sent', 'DTLS datagrams handed to the socket.'],
  ['malformed', 'malformed', 'Datagrams on the DTLS port that are no DTLS record.'],
  ['unmatched', 'unmatched', 'DTLS datagrams of senders that have no session.'],
  ['handshakes_started', 'handshakesStarted', 'DTLS handshakes begun.'],
];

/** CoAP and DTLS below it, registrations, operations, notifications and queue mode. */
export const LWM2M_FAMILIES: readonly Family[] = [
  {
    name: 'lwm2m_ipe_registrations',
    type: 'gauge',
    help: 'Devices registered now: `asleep` while they are in queue mode and do not listen.',
    labels: ['state'],
    read: ({ server }) => {
      const { asleep } = server.counters.queueMode;
      return each('state', { awake: server.registrations.size - asleep, asleep });
    },
  },
  {
    name: 'lwm2m_ipe_registration_operations_total',
    type: 'counter',
    help: 'Operations of the registration interface carried out; `replace` are Registers over a registration, `expire` are lifetimes that ended.',
    labels: ['operation'],
    read: ({ server }) => {
      const { registrations, replacements, updates, deregistrations, expirations } = server.counters.registration;
      return each('operation', {
        register: registrations - replacements,
        replace: replacements,
        update: updates,
        deregister: deregistrations,
        expire: expirations,
      });
    },
  },
  {
    name: 'lwm2m_ipe_registration_refusals_total',
    type: 'counter',
    help: 'Operations of the registration interface refused, by CoAP response code.',
    labels: ['code'],
    read: ({ server }) => each('code', server.counters.registration.refusals),
  },
  {
    name: 'lwm2m_ipe_registration_operations_under_way',
    type: 'gauge',
    help: 'Registers and Updates that have no answer yet.',
    labels: [],
    read: ({ admission }) => one(admission.underWay),
  },
  {
    name: 'lwm2m_ipe_registration_overload_refusals_total',
    type: 'counter',
    help: 'Registers and Updates told to come again, for too many wait.',
    labels: [],
    read: ({ admission }) => one(admission.counters.refused),
  },
  number('registration_failures_total', 'Registration operations that failed inside the IPE.', ({ registration }) =>
    one(registration.handlerFailures),
  ),
  number('identity_refusals_total', 'Requests refused since the peer may not speak for the endpoint.', (counters) =>
    one(counters.identities.refused),
  ),
  {
    name: 'lwm2m_ipe_operations_total',
    type: 'counter',
    help: 'Operations asked of devices (Read, Write, Execute, Observe ...), by outcome.',
    labels: ['outcome'],
    read: ({ server }) => each('outcome', server.counters.operations),
  },
  {
    name: 'lwm2m_ipe_reports_total',
    type: 'counter',
    help: 'Notifications and Sends of devices: taken (`notification`, `send`), or not, and why.',
    labels: ['result'],
    read: ({ server }) => {
      const { notifications, sends, stale, unknown, unreadable, strangers, listenerFailures } = server.counters.reports;
      const taken = { notification: notifications, send: sends };
      return each('result', { ...taken, stale, unknown, unreadable, stranger: strangers, failed: listenerFailures });
    },
  },
  number('observations_ended_total', 'Observations that devices ended.', ({ reports }) => one(reports.endedByDevice)),
  {
    name: 'lwm2m_ipe_queue_mode_operations',
    type: 'gauge',
    help: 'Operations that wait now for devices in queue mode.',
    labels: [],
    read: ({ server }) => one(server.counters.queueMode.waiting),
  },
  {
    name: 'lwm2m_ipe_queue_mode_bytes',
    type: 'gauge',
    help: 'Bytes of the values of operations that wait for devices in queue mode.',
    labels: [],
    read: ({ server }) => one(server.counters.queueMode.bytes),
  },
  {
    name: 'lwm2m_ipe_queue_mode_oldest_seconds',
    type: 'gauge',
    help: 'How long the operation has waited that has waited longest for a device in queue mode; 0 while none waits.',
    labels: [],
    read: ({ server }) => one((server.oldestQueued ?? 0) / 1000),
  },
  number('queue_mode_queued_total', 'Operations that had to wait for a device in queue mode.', ({ queueMode }) =>
    one(queueMode.queued),
  ),
  number('queue_mode_put_back_total', 'Operations put back into the queue since no answer came.', ({ queueMode }) =>
    one(queueMode.putBack),
  ),
  {
    name: 'lwm2m_ipe_bootstrap_requests_total',
    type: 'counter',
    help: 'Bootstrap-Requests that began a `session`, and Bootstrap-Packs (`pack`) that were given.',
    labels: ['kind'],
    read: ({ bootstrap }) => (bootstrap ? each('kind', { session: bootstrap.sessions, pack: bootstrap.packs }) : []),
  },
  {
    name: 'lwm2m_ipe_bootstrap_sessions_ended_total',
    type: 'counter',
    help: 'Bootstrap sessions, by how they ended.',
    labels: ['result'],
    read: ({ bootstrap }) => (bootstrap ? each('result', { finished: bootstrap.finished, ...bootstrap.ended }) : []),
  },
  {
    name: 'lwm2m_ipe_bootstrap_refusals_total',
    type: 'counter',
    help: 'Bootstrap-Requests refused, by CoAP response code.',
    labels: ['code'],
    read: ({ bootstrap }) => each('code', bootstrap?.refusals),
  },
  ...COAP.map(
    ([end, counter, help]): NumberFamily => ({
      name: `lwm2m_ipe_coap_${end}_total`,
      type: 'counter',
      help,
      labels: ['transport'],
      read: (sources) => transports(sources, (counters) => counters[counter]),
    }),
  ),
  ...DTLS.map(([end, counter, help]) =>
    number(`dtls_${end}_total`, help, ({ dtls }) => one(dtls?.[counter] as number)),
  ),
  {
    name: 'lwm2m_ipe_dtls_handshakes_total',
    type: 'counter',
    help: 'DTLS handshakes ended, by how; `resumed` are completed ones that took up an earlier session, counted in both.',
    labels: ['result'],
    read: ({ server: { counters } }) =>
      Object.entries(counters.dtls === undefined ? {} : HANDSHAKES).map(([result, counter]) => ({
        labels: { result },
        value: counters.dtls?.[counter] as number,
      })),
  },
  {
    name: 'lwm2m_ipe_dtls_sessions_closed_total',
    type: 'counter',
    help: 'DTLS sessions closed, by reason.',
    labels: ['reason'],
    read: ({ server }) => each('reason', server.counters.dtls?.sessionsClosed),
  },
];

function number(end: string, help: string, read: (counters: Lwm2mServerCounters) => readonly Sample<number>[]) {
  return {
    name: `lwm2m_ipe_${end}`,
    type: 'counter',
    help,
    labels: [],
    read: ({ server }: MetricSources) => read(server.counters),
  } satisfies NumberFamily;
}

function transports({ server }: MetricSources, count: (counters: CoapCounters) => number): readonly Sample<number>[] {
  const { coap, coaps } = server.counters;
  const secure = coaps === undefined ? [] : labelled('transport', 'coaps', one(count(coaps)));
  return [...labelled('transport', 'coap', one(count(coap))), ...secure];
}

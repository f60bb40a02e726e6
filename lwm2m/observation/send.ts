import { type Clock, DecodeError, errorMessage, IpeError, type Logger } from '../../common/index.ts';
import type { CoapRequest, CoapResponse } from '../coap/types.ts';
import { decodeContent } from '../content/content.ts';
import type { Node } from '../content/value.ts';
import type { ObjectModels } from '../model/object-models.ts';
import { contentContext } from '../operation/device-facts.ts';
import { excerpt } from '../registration/excerpt.ts';
import type { Registration } from '../registration/registration.ts';
import { registrationFields } from '../registration/registration-fields.ts';
import type { Route } from '../registration/routes.ts';
import type { ReportCounters } from './counters.ts';
import type { ReportListener } from './report.ts';
import type { Senders } from './senders.ts';

/** Content formats of a Send: SenML JSON and SenML CBOR (LwM2M 1.1 6.4.6), LwM2M CBOR (1.2). */
const SEND_FORMATS: ReadonlySet<number> = new Set([110, 112, 11544]);
/** Seconds after which a device may send again what could not be taken. */
const RETRY_AFTER = 15;

/** What Sends are read with. */
export interface SendParts {
  readonly senders: Senders;
  /** False for a peer that may not speak for the endpoint that it registered; absent: all may. */
  readonly mayReport?: (peer: CoapRequest['peer']) => boolean;
  readonly models: () => Pick<ObjectModels, 'find'>;
  readonly listener: Pick<ReportListener, 'report'>;
  readonly counters: ReportCounters;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** `/dp`: Send of LwM2M 1.1 6.4.6, answered when its values are taken; 4.04 for whoever is not registered. */
export function sendRoute(parts: SendParts): Route {
  return { path: ['dp'], methods: { POST: (request) => send(request, parts) } };
}

async function send(request: CoapRequest, parts: SendParts): Promise<CoapResponse> {
  const { senders, counters, listener, clock, logger } = parts;
  const registration = senders.find(request.peer);
  if (registration === undefined || !(parts.mayReport?.(request.peer) ?? true)) {
    counters.strangers += 1;
    return { code: '4.04', payload: 'not registered' };
  }
  const { contentFormat, payload } = request;
  if (contentFormat === undefined || !SEND_FORMATS.has(contentFormat)) {
    return { code: '4.15', payload: `a Send has Content-Format ${[...SEND_FORMATS].join(', ')}` };
  }
  const nodes = read(contentFormat, payload, registration, parts);
  if (!Array.isArray(nodes)) return nodes;
  counters.sends += 1;
  const { messageId: mid, token: tkn } = request;
  logger.debug('send', { ...registrationFields(registration), mid, tkn, values: nodes.length });
  const content = { format: contentFormat, payload };
  try {
    await listener.report({ registration, source: 'send', nodes, content, receivedAt: clock.wall() });
    return { code: '2.04' };
  } catch (error) {
    return refusal(error, registration, parts);
  }
}

function read(
  contentFormat: number,
  payload: Buffer,
  registration: Registration,
  { models, clock, counters }: SendParts,
): Node[] | CoapResponse {
  try {
    const facts = { registration, models: models(), now: clock.wall() };
    const nodes = decodeContent(contentFormat, payload, contentContext(facts, undefined));
    return nodes.length > 0 ? nodes : { code: '4.00', payload: 'no value' };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    counters.unreadable += 1;
    return { code: '4.00', payload: excerpt(error.message) };
  }
}

function refusal(error: unknown, registration: Registration, { counters, logger }: SendParts): CoapResponse {
  counters.listenerFailures += 1;
  logger.warn('a Send was not taken', { ...registrationFields(registration), reason: errorMessage(error) });
  return error instanceof IpeError && error.retryable ? { code: '5.03', maxAge: RETRY_AFTER } : { code: '5.00' };
}

import { type Clock, DecodeError, errorMessage, type Logger } from '../../common/index.ts';
import type { CoapNotification } from '../coap/notification.ts';
import type { OutgoingRequest } from '../coap/outgoing-request.ts';
import type { Peer } from '../coap/types.ts';
import type { Node } from '../content/value.ts';
import type { ObjectModels } from '../model/object-models.ts';
import { isSuccess, rawContent, valuesOf } from '../operation/coap-reply.ts';
import { coapRequest } from '../operation/coap-request.ts';
import type { DeviceFacts } from '../operation/device-facts.ts';
import type { Registration } from '../registration/registration.ts';
import { registrationFields, registrationMark } from '../registration/registration-fields.ts';
import type { RegistrationRegistry } from '../registration/registry.ts';
import type { ReportCounters } from './counters.ts';
import { type Observation, observeOperation } from './observation.ts';
import type { Observations } from './observations.ts';
import type { ReportListener } from './report.ts';

/** What notifications are read with. */
export interface NotificationParts {
  readonly observations: Observations;
  readonly registrations: Pick<RegistrationRegistry, 'byEndpoint'>;
  readonly models: () => Pick<ObjectModels, 'find'>;
  readonly listener: ReportListener;
  readonly counters: ReportCounters;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Notifications of observed devices: CoAP in, reports out (LwM2M 1.1 6.4.2, RFC 7641 3.2 to 3.4). */
export class Notifications {
  readonly #parts: NotificationParts;
  /** Registration of which was told last that it cannot be read: it may go on like that. */
  #unreadable: string | undefined;

  constructor(parts: NotificationParts) {
    this.#parts = parts;
  }

  /**
   * False: nobody at this address was given the token, or no more; a reset then ends the observation (RFC 7641 3.6). A
   * promise settles when the report is taken.
   */
  take(notification: CoapNotification): boolean | Promise<void> {
    const known = this.#find(notification.peer, notification.token);
    if (known === undefined) {
      this.#parts.counters.unknown += 1;
      return false;
    }
    if (isSuccess(notification.code)) {
      return this.#report(notification, known.observation, known.registration) ?? true;
    }
    this.#end(notification, known.observation, known.registration);
    return true;
  }

  /** The request that notifications under a token answer, for what is left of one in blocks (RFC 7959 2.6). */
  requestOf(peer: Peer, token: Buffer): OutgoingRequest | undefined {
    const known = this.#find(peer, token);
    if (known === undefined) return undefined;
    const { target, format } = known.observation;
    return coapRequest(observeOperation(target), format, this.#facts(known.registration));
  }

  /** By token and peer, never by one alone; the peer is where the device is registered now. */
  #find(peer: Peer, token: Buffer): { observation: Observation; registration: Registration } | undefined {
    const { observations, registrations } = this.#parts;
    const observation = observations.byToken(token);
    const registration = observation && registrations.byEndpoint(observation.endpoint);
    if (registration === undefined || registration.id !== observation?.registrationId) return undefined;
    return registration.peer.key === peer.key ? { observation, registration } : undefined;
  }

  #facts(registration: Registration): DeviceFacts {
    const { models, clock } = this.#parts;
    return { registration, models: models(), now: clock.wall() };
  }

  #report(
    notification: CoapNotification,
    observation: Observation,
    registration: Registration,
  ): Promise<void> | undefined {
    const { counters, listener, clock, logger } = this.#parts;
    const { observe, receivedAt, messageId: mid, token: tkn } = notification;
    // Without a number its order cannot be told; it is then taken as it comes.
    if (observe !== undefined && !observation.take(observe, receivedAt)) {
      counters.stale += 1;
      return undefined;
    }
    const nodes = this.#nodes(notification, observation, registration);
    if (nodes === undefined) return undefined;
    counters.notifications += 1;
    observation.says(notification.payload);
    const { endpoint, id } = registration;
    logger.debug('notification', () => ({
      endpoint,
      registration: registrationMark(id),
      mid,
      tkn,
      values: nodes.length,
    }));
    const { paths, composite } = observation.target;
    try {
      const taken = listener.report({
        registration,
        source: 'notify',
        nodes,
        ...(composite ? undefined : { path: paths[0]! }),
        content: rawContent(notification, composite ? undefined : paths[0]),
        receivedAt: clock.wall(),
      });
      if (taken instanceof Promise) return taken.catch((error: unknown) => this.#failed(error, registration));
    } catch (error) {
      this.#failed(error, registration);
    }
    return undefined;
  }

  #nodes(notification: CoapNotification, { target }: Observation, registration: Registration): Node[] | undefined {
    const { counters, logger } = this.#parts;
    try {
      return valuesOf(notification, target.paths, target.composite, this.#facts(registration));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      counters.unreadable += 1;
      const level = this.#unreadable === registration.id ? 'debug' : 'warn';
      this.#unreadable = registration.id;
      logger[level]('notification cannot be read', { ...registrationFields(registration), reason: error.message });
      return undefined;
    }
  }

  /** RFC 7641 4.2: an error response is the last notification. */
  #end({ code }: CoapNotification, observation: Observation, registration: Registration): void {
    const { observations, counters, listener } = this.#parts;
    observations.remove(observation);
    counters.endedByDevice += 1;
    try {
      listener.observationChanged({ kind: 'ended', registration, ...observation.target, code });
    } catch (error) {
      this.#failed(error, registration);
    }
  }

  #failed(error: unknown, registration: Registration): void {
    this.#parts.counters.listenerFailures += 1;
    const fields = registrationFields(registration);
    this.#parts.logger.error('report was not taken', { ...fields, reason: errorMessage(error) });
  }
}

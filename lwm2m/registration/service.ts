import { type Clock, errorMessage, type Logger, silentLogger, systemClock } from '../../common/index.ts';
import type { CoapRequest, CoapResponse } from '../coap/types.ts';
import { newRegistrationCounters, type RegistrationCounters } from './counters.ts';
import { Expiry } from './expiry.ts';
import type { Answer, Refusal, RegistrationHandler } from './handler.ts';
import { type RegistrationMessage, readMessage } from './message.ts';
import { ObjectLinksCache } from './object-links-cache.ts';
import { DEFAULT_REGISTRATION_LIMITS, type RegistrationLimits, type RegistrationServiceOptions } from './options.ts';
import type { LifetimeBounds } from './parameters.ts';
import type { Registration } from './registration.ts';
import { registrationFields, registrationMark } from './registration-fields.ts';
import { RegistrationIds } from './registration-ids.ts';
import { newRegistration, renewedRegistration, updatedRegistration } from './registration-values.ts';
import { type EndpointRecord, EndpointRecords, type RegistrationRegistry } from './registry.ts';
import { EndpointTurns } from './turns.ts';

/** What a request is answered with: at once, or when the handler has decided. */
export type Reply = CoapResponse | Promise<CoapResponse>;

const CHANGED: CoapResponse = Object.freeze({ code: '2.04' });
const DELETED: CoapResponse = Object.freeze({ code: '2.02' });
const NOT_REGISTERED: Refusal = Object.freeze({ code: '4.04', diagnostic: 'not registered' });
const HANDLER_FAILED: Refusal = Object.freeze({ code: '5.00' });

/** Register, Update, De-register and the end of lifetimes (LwM2M 1.0 5.3): CoAP requests in, answers out. */
export class RegistrationService {
  readonly counters: RegistrationCounters = newRegistrationCounters();
  private readonly records = new EndpointRecords();
  private readonly handler: RegistrationHandler;
  private readonly lifetime: LifetimeBounds;
  private readonly limits: RegistrationLimits;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly random: () => number;
  private readonly ids: RegistrationIds;
  private readonly objectLinks = new ObjectLinksCache();
  private readonly turns: EndpointTurns;
  private readonly expiry: Expiry<EndpointRecord>;
  /** Restored after their lifetime. */
  private readonly overdue: EndpointRecord[] = [];
  private closed = false;

  constructor(options: RegistrationServiceOptions, handler: RegistrationHandler) {
    this.handler = handler;
    this.lifetime = options.lifetime;
    this.limits = { ...DEFAULT_REGISTRATION_LIMITS, ...options.limits };
    this.clock = options.clock ?? systemClock;
    this.logger = options.logger ?? silentLogger;
    this.random = options.random ?? Math.random;
    this.ids = new RegistrationIds(options.fillRandom);
    this.turns = new EndpointTurns(this.limits.waitingPerEndpoint, (record) => this.idle(record));
    this.expiry = new Expiry(this.clock, (record) => this.due(record));
  }

  /** Who is registered now. */
  get registrations(): RegistrationRegistry {
    return this.records;
  }

  /** `POST /rd` (LwM2M 1.0 5.3.1). */
  register(request: CoapRequest): Reply {
    const message = readMessage(request, 'register', this.lifetime, this.objectLinks);
    if ('code' in message) return this.refuse(message);
    const endpoint = message.parameters.endpoint!;
    const known = this.records.findByName(endpoint);
    if (known === undefined && this.records.size >= this.limits.registrations) return this.refuse(this.tryLater());
    const record = known ?? this.records.add(endpoint);
    if (record.busy) return this.inTurn(record, () => this.runRegister(record, request, message));
    return this.runRegister(record, request, message);
  }

  /** `POST /rd/<id>` (LwM2M 1.0 5.3.2). */
  update(id: string, request: CoapRequest): Reply {
    const record = this.records.find(id);
    if (record === undefined) return this.refuse(NOT_REGISTERED);
    const message = readMessage(request, 'update', this.lifetime, this.objectLinks);
    if ('code' in message) return this.refuse(message);
    if (record.busy) return this.inTurn(record, () => this.runUpdate(record, id, request, message));
    return this.runUpdate(record, id, request, message);
  }

  /** `DELETE /rd/<id>` (LwM2M 1.0 5.3.3). */
  deregister(id: string, request?: CoapRequest): Reply {
    const record = this.records.find(id);
    if (record === undefined) return this.refuse(NOT_REGISTERED);
    if (record.busy) return this.inTurn(record, () => this.runDeregister(record, id, request));
    return this.runDeregister(record, id, request);
  }

  /**
   * Takes up a registration of an earlier run with what is left of its lifetime; one that is over expires at once, through
   * the handler. `presumed`: milliseconds by which it may have been updated later than it says. To be called before requests
   * are served; false when the endpoint or the id is registered already.
   */
  restore(registration: Registration, presumed = 0): boolean {
    const { id, endpoint, updatedAt, lifetime } = registration;
    if (this.records.findByName(endpoint) !== undefined || this.records.find(id) !== undefined) return false;
    const record = this.records.add(endpoint);
    this.records.put(record, registration);
    const left = updatedAt + presumed + lifetime * 1_000 - this.clock.wall();
    // A wall clock that was set back makes no lifetime longer.
    this.expiry.set(record, Math.min(Math.max(0, left), lifetime * 1_000));
    if (left <= 0) this.overdue.push(record);
    return true;
  }

  /** Ends what was restored after its lifetime, through the handler: once its tree is known, and before a request is served. */
  endOverdue(): void {
    for (const record of this.overdue.splice(0)) {
      if (record.registration !== undefined && !record.busy) this.expire(record);
    }
  }

  /**
   * Does something about a registration while no operation of its endpoint is at the handler; false when it was not done,
   * since the registration is gone or too much waits for its turn. `work` must not reject.
   */
  async attend(id: string, work: (registration: Registration) => Promise<void>): Promise<boolean> {
    const record = this.records.find(id);
    if (record === undefined || this.closed) return false;
    const run = async (): Promise<boolean> => {
      const { registration } = record;
      if (registration?.id === id && !this.closed) {
        const failed = (error: unknown) => void this.failed('attend', record, error);
        return this.turns.hold(record, work(registration), () => true, failed);
      }
      this.idle(record);
      return false;
    };
    return (record.busy ? this.turns.wait(record, run) : run()) ?? false;
  }

  /** From now on no registration ends by its lifetime. */
  stop(): void {
    this.expiry.stop();
  }

  /** The handler is asked nothing any more: what still waits for its turn is refused with 5.03. */
  close(): void {
    this.stop();
    this.closed = true;
  }

  private runRegister(record: EndpointRecord, request: CoapRequest, message: RegistrationMessage): Reply {
    const { peer } = request;
    if (this.overloaded()) return this.refuseInTurn(record, this.tryLater());
    const previous = record.registration;
    const registration = newRegistration(this.ids.next(), peer, message, this.lifetime, this.clock.wall(), previous);
    this.tell('register', request, registration, previous);
    return this.decide(
      record,
      'register',
      () => this.handler.register(registration, previous),
      (refusal) => {
        if (refusal !== undefined) return this.refuse(refusal);
        if (previous !== undefined) this.counters.replacements += 1;
        this.counters.registrations += 1;
        this.commit(record, registration);
        return { code: '2.01', locationPath: ['rd', registration.id] };
      },
    );
  }

  private runUpdate(record: EndpointRecord, id: string, request: CoapRequest, message: RegistrationMessage): Reply {
    const { peer } = request;
    const previous = record.registration;
    if (previous?.id !== id) return this.refuseInTurn(record, NOT_REGISTERED);
    if (this.overloaded()) return this.refuseInTurn(record, this.tryLater());
    const registration = updatedRegistration(previous, peer, message, this.clock.wall());
    this.tell('update', request, registration);
    return this.decide(
      record,
      'update',
      () => this.handler.update(registration, previous),
      (refusal) => {
        if (refusal === undefined) {
          this.counters.updates += 1;
          this.commit(record, registration);
          return CHANGED;
        }
        // The fault is on our side, and the device has shown that it lives and where.
        if (refusal.code.startsWith('5.')) this.commit(record, renewedRegistration(previous, registration));
        return this.refuse(refusal);
      },
    );
  }

  private runDeregister(record: EndpointRecord, id: string, request: CoapRequest | undefined): Reply {
    const { registration } = record;
    if (registration?.id !== id) return this.refuseInTurn(record, NOT_REGISTERED);
    if (this.closed) return this.refuseInTurn(record, this.tryLater());
    if (request !== undefined) this.tell('deregister', request, registration);
    this.end(record);
    return this.decide(
      record,
      'deregister',
      () => this.handler.deregister(registration),
      (refusal) => {
        this.counters.deregistrations += 1;
        return refusal === undefined ? DELETED : this.refuse(refusal);
      },
    );
  }

  /** Nothing, while the endpoint is busy: that may renew the lifetime, and if it does not, `idle` sees it. */
  private due(record: EndpointRecord): void {
    if (!record.busy) this.expire(record);
  }

  private expire(record: EndpointRecord): void {
    const registration = record.registration!;
    this.end(record);
    this.counters.expirations += 1;
    try {
      const work = this.handler.expire(registration);
      if (work instanceof Promise) {
        void this.turns.hold(
          record,
          work,
          () => undefined,
          (error) => void this.failed('expire', record, error),
        );
      }
    } catch (error) {
      this.failed('expire', record, error);
    }
    this.idle(record);
  }

  /** Asks the handler; concludes at once when it answers at once, else when it has answered. */
  private decide(
    record: EndpointRecord,
    operation: string,
    ask: () => Answer,
    conclude: (refusal: Refusal | undefined) => CoapResponse,
  ): Reply {
    let answer: Answer;
    try {
      answer = ask();
    } catch (error) {
      answer = this.failed(operation, record, error);
    }
    if (answer instanceof Promise) {
      return this.turns.hold(record, answer, conclude, (error) => this.failed(operation, record, error));
    }
    const response = conclude(answer);
    this.idle(record);
    return response;
  }

  private commit(record: EndpointRecord, registration: Registration): void {
    this.records.put(record, registration);
    this.expiry.set(record, registration.lifetime * 1_000);
  }

  private end(record: EndpointRecord): void {
    this.expiry.remove(record);
    this.records.end(record);
  }

  /** Forgets an endpoint that is gone, and lets one go whose time passed while it was busy. */
  private idle(record: EndpointRecord): void {
    if (record.busy || (record.waiting !== undefined && record.waiting.length > 0)) return;
    if (record.registration === undefined) this.records.forget(record);
    else if (record.bucket === undefined && !this.closed) this.expire(record);
  }

  private inTurn(record: EndpointRecord, operation: () => Reply): Reply {
    return this.turns.wait(record, operation) ?? this.refuse(this.tryLater());
  }

  private refuseInTurn(record: EndpointRecord, refusal: Refusal): CoapResponse {
    const response = this.refuse(refusal);
    this.idle(record);
    return response;
  }

  private refuse({ code, diagnostic, maxAge }: Refusal): CoapResponse {
    this.counters.refusals[code] = (this.counters.refusals[code] ?? 0) + 1;
    return {
      code,
      ...(diagnostic === undefined ? undefined : { payload: diagnostic }),
      ...(maxAge === undefined ? undefined : { maxAge }),
    };
  }

  private overloaded(): boolean {
    return this.closed || this.turns.busy >= this.limits.busy;
  }

  private tryLater(): Refusal {
    return { code: '5.03', maxAge: Math.round(this.limits.retryAfter * (1 + this.random())) };
  }

  /** From here on the registration id leads through the log: to what is asked of the device and of others for it. */
  private tell(operation: string, request: CoapRequest, registration: Registration, previous?: Registration): void {
    const { peer, messageId, token } = request;
    this.logger.debug('registration operation', () => ({
      operation,
      ...registrationFields(registration),
      replaced: previous && registrationMark(previous.id),
      from: peer.key,
      mid: messageId,
      tkn: token,
    }));
  }

  private failed(operation: string, { endpoint }: EndpointRecord, error: unknown): Refusal {
    this.counters.handlerFailures += 1;
    this.logger.error('registration handler failed', { operation, endpoint, error: errorMessage(error) });
    return HANDLER_FAILED;
  }
}

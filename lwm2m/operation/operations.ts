import { type Clock, errorMessage, type Logger } from '../../common/index.ts';
import type { CoapReply, OutgoingRequest, RequestOptions } from '../coap/outgoing-request.ts';
import type { Peer } from '../coap/types.ts';
import type { ObjectModels } from '../model/object-models.ts';
import type { Observations } from '../observation/observations.ts';
import type { Registration } from '../registration/registration.ts';
import { registrationFields, registrationMark } from '../registration/registration-fields.ts';
import type { RegistrationRegistry } from '../registration/registry.ts';
import { Call, type PerformOptions } from './call.ts';
import { carryOut, type Subject } from './carry-out.ts';
import { Device } from './device.ts';
import type { DeviceFacts } from './device-facts.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { OperationLimits } from './limits.ts';
import type { Operation } from './operation.ts';
import { operationFault } from './operation-rules.ts';
import { endOfFailure, invalid, type Outcome, outcomeOfFailure } from './outcome.ts';
import type { ExchangeEnd, Reach } from './reach.ts';

/** What operations are carried out with. */
export interface OperationParts {
  readonly registrations: Pick<RegistrationRegistry, 'byEndpoint'>;
  readonly observations: Observations;
  readonly dispatcher: Dispatcher;
  readonly models: () => Pick<ObjectModels, 'find'>;
  readonly reach: Reach;
  readonly request: (peer: Peer, request: OutgoingRequest, options: RequestOptions) => Promise<CoapReply>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: OperationLimits;
}

/** How many operations ended how, since the start. */
export type OperationCounters = Record<Outcome['kind'], number>;

/** Operations towards registered devices: from the asking to the one outcome (LwM2M 1.1 6.3, 6.4). */
export class Operations {
  readonly counters: OperationCounters = {
    success: 0,
    refused: 0,
    timeout: 0,
    reset: 0,
    asleep: 0,
    expired: 0,
    superseded: 0,
    gone: 0,
    cancelled: 0,
    invalid: 0,
  };
  readonly #parts: OperationParts;
  readonly #devices = new Map<string, Device>();
  readonly #calls = new Map<string, Set<Call>>();
  #stopped = false;

  constructor(parts: OperationParts) {
    this.#parts = parts;
  }

  /** Carries out an operation in its turn. Never rejects; has exactly one outcome, whatever becomes of the device. */
  async perform(endpoint: string, operation: Operation, options: PerformOptions = {}): Promise<Outcome> {
    const outcome = this.#refusal(endpoint, operation, options) ?? (await this.#inTurn(endpoint, operation, options));
    this.counters[outcome.kind] += 1;
    return outcome;
  }

  /**
   * The endpoint registered again. What is at the device is given up: it may have started afresh; for one in queue mode,
   * which may just have woken, it is as if it had not answered. What waits goes on, for the endpoint was there all the time.
   */
  replaced(registration: Registration, previous: Registration): void {
    const device = this.#devices.get(registration.endpoint);
    if (device?.registrationId === previous.id) {
      this.#devices.set(registration.endpoint, device.successor(registration, previous));
    }
    for (const call of this.#callsOf(registration)) {
      if (call.registrationId !== previous.id) continue;
      if (registration.queueMode) call.interrupt();
      else call.callOff('gone');
    }
  }

  /** The registration has ended: nothing is asked of the device any more. */
  ended(registration: Registration): void {
    this.#devices.delete(registration.endpoint);
    for (const call of this.#callsOf(registration)) call.callOff('gone');
  }

  /** Calls everything off. */
  stop(): void {
    this.#stopped = true;
    for (const calls of [...this.#calls.values()]) for (const call of [...calls]) call.callOff('cancelled');
  }

  #refusal(endpoint: string, operation: Operation, { signal }: PerformOptions): Outcome | undefined {
    if (this.#stopped || signal?.aborted) return { kind: 'cancelled' };
    const registration = this.#parts.registrations.byEndpoint(endpoint);
    return registration === undefined ? { kind: 'gone' } : faultOf(operation, registration);
  }

  async #inTurn(endpoint: string, operation: Operation, options: PerformOptions): Promise<Outcome> {
    const calls = this.#calls.get(endpoint) ?? new Set();
    const call = new Call(endpoint, operation, options, this.#parts.clock, (one) => this.#carryOut(one));
    this.#calls.set(endpoint, calls);
    calls.add(call);
    // Called off, a call has its outcome at once; the dispatcher learns it by the signal.
    void this.#parts.dispatcher.dispatch(call).then((outcome) => call.settle(outcome));
    const outcome = await call.outcome;
    calls.delete(call);
    if (calls.size === 0) this.#calls.delete(endpoint);
    return outcome;
  }

  async #carryOut(call: Call): Promise<Outcome> {
    const { registrations, logger } = this.#parts;
    const registration = registrations.byEndpoint(call.endpoint);
    if (registration === undefined) return { kind: 'gone' };
    call.registrationId = registration.id;
    try {
      const fault = faultOf(call.operation, registration);
      const outcome = fault ?? (await carryOut(call.operation, this.#subject(call, registration)));
      logger.debug('operation', {
        ...registrationFields(registration),
        type: call.operation.type,
        outcome: outcome.kind,
      });
      return outcome;
    } catch (error) {
      logger.error('operation failed', {
        ...registrationFields(registration),
        type: call.operation.type,
        reason: errorMessage(error),
      });
      return invalid(errorMessage(error));
    }
  }

  #subject(call: Call, { id }: Registration): Subject {
    const { registrations, observations, clock, models } = this.#parts;
    const facts = (): DeviceFacts | undefined => {
      const registration = registrations.byEndpoint(call.endpoint);
      return registration?.id === id ? { registration, models: models(), now: clock.wall() } : undefined;
    };
    return {
      device: this.#deviceOf(registrations.byEndpoint(call.endpoint)!),
      facts,
      observations,
      now: () => clock.monotonic(),
      exchange: (token, renews) => async (request, trial) => {
        const peer = facts()?.registration.peer;
        if (peer === undefined) return { kind: 'gone' };
        return this.#exchange(call, peer, request, trial, { ...(token && { token }), ...(renews && { renews }) });
      },
    };
  }

  async #exchange(call: Call, peer: Peer, request: OutgoingRequest, trial: boolean, options: RequestOptions) {
    const { limits, reach } = this.#parts;
    const ended = reach.begin(call.endpoint);
    if (ended === undefined) return { kind: 'asleep' } as const;
    let end: ExchangeEnd = 'answered';
    call.sent();
    try {
      return await this.#parts.request(peer, request, {
        signal: call.requestSignal,
        about: { endpoint: call.endpoint, registration: registrationMark(call.registrationId ?? '') },
        ...(trial ? { exchangeTimeout: limits.trialTimeout } : undefined),
        ...options,
      });
    } catch (error) {
      end = endOfFailure(error);
      // Silence to what a device may not know does not say that it sleeps.
      if (trial && end === 'silent') end = 'unknown';
      return outcomeOfFailure(error);
    } finally {
      ended(end);
    }
  }

  #deviceOf(registration: Registration): Device {
    const known = this.#devices.get(registration.endpoint);
    if (known?.registrationId === registration.id) return known;
    const device = new Device(registration);
    this.#devices.set(registration.endpoint, device);
    return device;
  }

  #callsOf({ endpoint }: Registration): readonly Call[] {
    return [...(this.#calls.get(endpoint) ?? [])];
  }
}

/** Callers may hand on what others wrote: an operation that is none has an outcome like any other. */
function faultOf(operation: Operation, { version }: Registration): Outcome | undefined {
  try {
    const fault = operationFault(operation, version);
    return fault === undefined ? undefined : invalid(fault);
  } catch {
    return invalid('it is no operation');
  }
}

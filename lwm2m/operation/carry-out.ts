import { type ObservationTarget, targetText } from '../observation/observation.ts';
import type { Observations } from '../observation/observations.ts';
import { combinedOutcome, endsSeries, isComposite, singleOperations } from './composite-fallback.ts';
import type { Device } from './device.ts';
import type { DeviceFacts } from './device-facts.ts';
import { ask, type Conclusion, type Exchange, negotiate } from './negotiation.ts';
import type { CancelObserve, CancelObserveComposite, Observe, ObserveComposite, Operation } from './operation.ts';
import { invalid, type Outcome } from './outcome.ts';

/** A device as an operation meets it. */
export interface Subject {
  readonly device: Device;
  /** As they are now; undefined: the registration has ended. */
  facts(): DeviceFacts | undefined;
  /** Requests to the device; the token is that of an observation, which the device may have already where it `renews` it. */
  exchange(token?: Buffer, renews?: boolean): Exchange;
  readonly observations: Observations;
  /** Milliseconds on the monotonic clock. */
  now(): number;
}

const GONE: Conclusion = { outcome: { kind: 'gone' }, replied: false, format: undefined };
/** Answers that, beside silence, are known of clients without composite operations. */
const UNABLE: ReadonlySet<string> = new Set(['4.02', '4.05', '4.06', '4.15', '5.01']);
const NOT_WHOLE = 'the device has no Write-Composite, and Writes of several instances could succeed in part';

/** Carries out one operation with as many requests as it takes, one after the other. Never rejects on its own account. */
export async function carryOut(operation: Operation, subject: Subject): Promise<Outcome> {
  if (!isComposite(operation)) return (await single(operation, subject)).outcome;
  const { device } = subject;
  const facts = subject.facts();
  if (facts === undefined) return GONE.outcome;
  let refusal: Outcome | undefined;
  if (facts.registration.version !== '1.0' && device.composite !== 'unable') {
    const { outcome } = await single(operation, subject);
    if (outcome.kind === 'success') device.composite = 'able';
    if (device.composite === 'able' || !looksUnable(outcome)) return outcome;
    refusal = outcome;
  }
  const singles = singleOperations(operation);
  if (singles === undefined) return refusal ?? invalid(NOT_WHOLE);
  const outcomes: Outcome[] = [];
  for (const one of singles) {
    const { outcome } = await single(one, subject);
    if (endsSeries(outcome)) return outcome;
    outcomes.push(outcome);
  }
  if (refusal !== undefined && provesUnable(refusal, outcomes)) device.composite = 'unable';
  return combinedOutcome(outcomes);
}

/** A device that is away is silent too: only when single operations get an answer does silence mean something. */
function provesUnable(refusal: Outcome, outcomes: readonly Outcome[]): boolean {
  const silent = refusal.kind !== 'refused';
  return outcomes.some(({ kind }) => kind === 'success' || (silent && kind === 'refused'));
}

function looksUnable(outcome: Outcome): boolean {
  if (outcome.kind === 'refused') return UNABLE.has(outcome.code);
  return outcome.kind === 'timeout' || outcome.kind === 'reset';
}

async function single(operation: Operation, subject: Subject): Promise<Conclusion> {
  const facts = subject.facts();
  if (facts === undefined) return GONE;
  switch (operation.type) {
    case 'observe':
    case 'observe-composite':
      return observe(operation, subject, facts);
    case 'cancel-observe':
    case 'cancel-observe-composite':
      return cancel(operation, subject, facts);
    default:
      return negotiate(operation, facts, subject.device.formats, subject.exchange());
  }
}

async function observe(
  operation: Observe | ObserveComposite,
  { device, observations, exchange, now }: Subject,
  facts: DeviceFacts,
): Promise<Conclusion> {
  const { observation, isNew } = observations.obtain(facts.registration, targetOf(operation));
  if (observation === undefined) return nothingSent('the device has too many observations');
  if (!isNew) observations.asked(observation);
  const conclusion = await negotiate(operation, facts, device.formats, exchange(observation.token, !isNew));
  const { outcome, observe: number, format } = conclusion;
  const observing = outcome.kind === 'success' && outcome.observing === true;
  if (observing) {
    const { payload } = outcome.content ?? {};
    const unchanged = payload !== undefined && observation.says(payload) && !isNew;
    observations.establish(observation, format, number!, now());
    if (unchanged) return { ...conclusion, outcome: { ...outcome, unchanged } };
  }
  // Silence ends none that was there before; any other answer says that the device does not report.
  else if (isNew || conclusion.replied) observations.remove(observation);
  else observations.unanswered(observation);
  return conclusion;
}

/** What still comes under the token is reset from now on, which ends the observation too (RFC 7641 3.6). */
async function cancel(
  operation: CancelObserve | CancelObserveComposite,
  { observations, exchange }: Subject,
  facts: DeviceFacts,
): Promise<Conclusion> {
  const observation = observations.find(facts.registration.id, targetOf(operation));
  if (observation === undefined) return nothingSent(`${targetText(targetOf(operation))} is not observed`);
  observations.remove(observation);
  const send = exchange(observation.token);
  return ask(operation, observation.format, facts, (request) => send(request, false));
}

function targetOf(operation: Observe | ObserveComposite | CancelObserve | CancelObserveComposite): ObservationTarget {
  if ('path' in operation) return { paths: [operation.path], composite: false };
  return { paths: operation.paths, composite: true };
}

function nothingSent(reason: string): Conclusion {
  return { outcome: invalid(reason), replied: false, format: undefined };
}

import { errorMessage, IpeError } from '../../common/index.ts';
import type { CoapReply, OutgoingRequest } from '../coap/outgoing-request.ts';
import type { CoapCode } from '../coap/types.ts';
import { outcomeOfReply } from './coap-reply.ts';
import { coapRequest } from './coap-request.ts';
import type { DeviceFacts } from './device-facts.ts';
import { directionOf, formatCandidates, scopeOf } from './format-candidates.ts';
import type { Direction, FormatMemory } from './format-memory.ts';
import type { Operation } from './operation.ts';
import { type Invalid, invalid, type Outcome, type Unanswered } from './outcome.ts';

/**
 * Sends one request to the device and gives its reply, or why there is none; never rejects. `trial`: the device may not
 * know what it is asked for and say nothing at all, so the wait is a short one.
 */
export type Exchange = (request: OutgoingRequest, trial: boolean) => Promise<CoapReply | Unanswered | Invalid>;

/** How an operation ended, and what of CoAP is needed for an observation. */
export interface Conclusion {
  readonly outcome: Outcome;
  /** False: there was no reply, or nothing was sent. */
  readonly replied: boolean;
  /** Number in the Observe option. */
  readonly observe?: number | undefined;
  /** What it was asked with. */
  readonly format: number | undefined;
}

/** A device may mean the format: for certain, or perhaps, as long as the format has not worked there before. */
type Doubt = 'definite' | 'possible';

/** What clients were seen to answer to a format that they do not know, beside saying nothing to a Read. */
const DOUBTS: Readonly<Record<Direction, Readonly<Partial<Record<CoapCode, Doubt>>>>> = {
  read: { '4.06': 'definite', '4.15': 'definite', '4.02': 'possible', '4.00': 'possible', '5.00': 'possible' },
  write: { '4.15': 'definite', '4.06': 'definite', '4.00': 'possible', '4.04': 'possible' },
};

/** Asks a device in one format after the other until it is not the format that it refuses; remembers what it shows. */
export async function negotiate(
  operation: Operation,
  facts: DeviceFacts,
  memory: FormatMemory,
  exchange: Exchange,
): Promise<Conclusion> {
  const direction = directionOf(operation);
  if (direction === undefined) return ask(operation, undefined, facts, (request) => exchange(request, false));
  const scope = scopeOf(operation);
  let candidates = formatCandidates(operation, facts.registration, memory);
  let unsent: Conclusion | undefined;
  let earlier: Conclusion | undefined;
  let suspect: number | undefined;
  while (candidates.length > 0) {
    const [format, ...rest] = candidates;
    candidates = rest;
    const proven = memory.isProven(direction, format, scope);
    const trial = !proven && (scope === undefined || (direction === 'read' && rest.length > 0));
    let sent = false;
    const conclusion = await ask(operation, format, facts, (request) => {
      sent = true;
      return exchange(request, trial);
    });
    if (!sent) {
      unsent ??= conclusion;
      continue;
    }
    const { outcome } = conclusion;
    if (outcome.kind === 'success') {
      memory.prove(direction, format, scope);
      if (direction === 'read') memory.answered(outcome.content?.format);
    }
    const doubt = format === undefined ? undefined : doubtOf(conclusion, direction, proven, scope === undefined);
    if (doubt === undefined) {
      if (suspect !== undefined && differs(conclusion, earlier!)) memory.refuse(direction, suspect, scope, false);
      return conclusion;
    }
    earlier ??= conclusion;
    if (doubt === 'definite') {
      memory.refuse(direction, format!, scope, true);
    } else {
      if (suspect !== undefined) return earlier;
      suspect = format!;
      // One other try shows whether it was the format: of a Read the device's own choice, of a Write the next best.
      candidates = direction === 'read' ? rest.slice(-1) : rest.slice(0, 1);
    }
  }
  return (earlier ?? unsent)!;
}

/** One request and what its answer means. */
export async function ask(
  operation: Operation,
  format: number | undefined,
  facts: DeviceFacts,
  send: (request: OutgoingRequest) => Promise<CoapReply | Unanswered | Invalid>,
): Promise<Conclusion> {
  let request: OutgoingRequest;
  try {
    request = coapRequest(operation, format, facts);
  } catch (error) {
    if (!(error instanceof IpeError)) throw error;
    return { outcome: invalid(errorMessage(error)), replied: false, format };
  }
  const reply = await send(request);
  if ('kind' in reply) return { outcome: reply, replied: false, format };
  return { outcome: outcomeOfReply(operation, reply, format, facts), replied: true, format, observe: reply.observe };
}

function doubtOf(
  { outcome, replied }: Conclusion,
  direction: Direction,
  proven: boolean,
  composite: boolean,
): Doubt | undefined {
  if (outcome.kind === 'refused') {
    const doubt = DOUBTS[direction][outcome.code];
    return doubt === 'possible' && proven ? undefined : doubt;
  }
  if (proven || direction === 'write') return undefined;
  if (outcome.kind === 'invalid') return replied ? 'possible' : undefined;
  // A Read may be repeated; of a Write without answer nobody knows whether it happened. Silence to a composite Read says
  // that the device has none.
  return outcome.kind === 'timeout' && !composite ? 'possible' : undefined;
}

/** The device answered, and otherwise than before: it was the format. */
function differs({ outcome, replied }: Conclusion, { outcome: earlier }: Conclusion): boolean {
  if (!replied || outcome.kind === 'invalid') return false;
  return outcome.kind !== 'refused' || earlier.kind !== 'refused' || outcome.code !== earlier.code;
}

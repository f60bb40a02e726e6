import type { DiscoveredLink, Operation, Outcome, Success } from '../../lwm2m/index.ts';
import { labelValue } from '../labels.ts';
import { statusCodeOf } from '../response-codes.ts';
import { COMMAND_STATUS_CODES as RSC, UNANSWERED_ENDS } from './command-outcomes.ts';
import type { Command } from './command-request.ts';
import { type CommandCodec, valuesAsJson, valuesAsJsonByPath } from './command-values.ts';

/** How far a command has come; the last three are final, and each command reaches one of them once. */
export type CommandState = 'queued' | 'sent' | 'done' | 'failed' | 'expired';

/** What an application is told of a command. */
export interface CommandResponse {
  readonly id: string;
  readonly state: CommandState;
  /** CoAP code of the device's answer. */
  readonly code?: string;
  /** oneM2M response status code that says the same. */
  readonly rsc: number;
  readonly value?: unknown;
  readonly path?: unknown;
  /** m2m:timestamp. */
  readonly time: string;
  readonly reason?: string;
}

/** The label by which the responses to a request are found. */
export function requestLabel(id: string): string {
  return `LWM2MREQ:${labelValue(id)}`;
}

/** A command on its way. */
export function progress(command: Command, state: 'queued' | 'sent', time: string): CommandResponse {
  return { ...about(command), state, rsc: RSC.accepted, time };
}

/** A command that was never put to the device: it makes no sense, or there is no room for it. */
export function refusedCommand(command: Command, reason: string, time: string, retryable = false): CommandResponse {
  return { ...about(command), state: 'failed', rsc: retryable ? RSC.notNow : RSC.badRequest, time, reason };
}

/** A command whose time was over before it was put to the device. */
export function expiredCommand(command: Command, time: string): CommandResponse {
  return { ...about(command), ...UNANSWERED_ENDS.expired.unsent, time };
}

/** A command of which an earlier life of the bridge left only that it had been sent. */
export function interruptedCommand(command: Command, time: string): CommandResponse {
  const reason = 'the bridge was stopped meanwhile; it may have been carried out';
  return { ...about(command), state: 'failed', rsc: RSC.timeout, time, reason };
}

/** How a command ended, from how its operation ended; `sent`: a request of it had left for the device. Total. */
export function commandResponse(
  command: Command,
  operation: Operation,
  outcome: Outcome,
  sent: boolean,
  codec: CommandCodec,
  time: string,
): CommandResponse {
  switch (outcome.kind) {
    case 'success':
      return {
        ...about(command),
        state: 'done',
        code: outcome.code,
        rsc: statusCodeOf(outcome.code),
        ...result(operation, outcome, codec),
        time,
      };
    case 'refused': {
      const reason = outcome.reason === undefined || outcome.reason === '' ? {} : { reason: outcome.reason };
      return {
        ...about(command),
        state: 'failed',
        code: outcome.code,
        rsc: statusCodeOf(outcome.code),
        time,
        ...reason,
      };
    }
    case 'invalid':
      return sent ? unreadable(command, outcome.reason, time) : refusedCommand(command, outcome.reason, time);
    default:
      return { ...about(command), ...UNANSWERED_ENDS[outcome.kind][sent ? 'sent' : 'unsent'], time };
  }
}

/** The device answered, but nobody can tell what. */
function unreadable(command: Command, why: string, time: string): CommandResponse {
  const reason = `${why}; it may have been carried out`;
  return { ...about(command), state: 'failed', rsc: RSC.unreadable, time, reason };
}

function about({ id, path }: Command): Pick<CommandResponse, 'id' | 'path'> {
  return path === undefined ? { id } : { id, path };
}

function result(operation: Operation, outcome: Success, codec: CommandCodec): Partial<CommandResponse> {
  const { nodes, links, path } = outcome;
  if (path !== undefined) return { path: codec.formatPath(path) };
  if (links !== undefined) return { value: links.map((link) => linkAsJson(link, codec)) };
  if (nodes === undefined) return {};
  return { value: 'path' in operation ? valuesAsJson(operation.path, nodes, codec) : valuesAsJsonByPath(nodes, codec) };
}

function linkAsJson({ path, attributes, dimension, version }: DiscoveredLink, codec: CommandCodec) {
  return {
    path: codec.formatPath(path),
    ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
    ...(dimension === undefined ? {} : { dimension }),
    ...(version === undefined ? {} : { version }),
  };
}

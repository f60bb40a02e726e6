import type { DeviceAnswer, DeviceRequest, NoAnswer, PortHandler } from './coap/exchange.ts';
import type { Misbehaviour } from './misbehaviour.ts';
import { answerRequest } from './operations/device-management.ts';
import { type Answered, type Effect, type Managed, NOT_FOUND } from './operations/managed.ts';
import { pathOfSegments } from './operations/target.ts';
import type { Observations } from './reporting/observations.ts';

const BEGIN = 0;
const CHANGING: ReadonlySet<string> = new Set(['PUT', 'POST', 'DELETE', 'iPATCH']);

/** What the answering of a device is built from. */
export interface AnswerParts {
  readonly managed: Managed;
  readonly observations: Observations;
  readonly blockSize: number;
  readonly misbehaviour: Misbehaviour;
  readonly listens: () => boolean;
  /** Told of each request; `code` is empty where there was no answer. */
  readonly asked: (request: DeviceRequest, code: string) => void;
  /** Told, after the answer has gone out, of what came of the request. */
  readonly happened: (effects: readonly Effect[]) => void;
}

/** Answers the requests of the server as the device is, or as it misbehaves. */
export class DeviceAnswers implements PortHandler {
  readonly blockSize: number;
  readonly #parts: AnswerParts;

  constructor(parts: AnswerParts) {
    this.blockSize = parts.blockSize;
    this.#parts = parts;
  }

  listens(): boolean {
    return this.#parts.listens();
  }

  answer(request: DeviceRequest): DeviceAnswer | NoAnswer {
    const { misbehaviour, asked, happened } = this.#parts;
    if (misbehaviour.neverAnswer !== false) {
      asked(request, '');
      return misbehaviour.neverAnswer;
    }
    const { effects = [], ...answer } = this.#answered(request);
    asked(request, answer.code);
    return { ...answer, delay: misbehaviour.answerDelay, after: () => happened(effects) };
  }

  #answered(request: DeviceRequest): Answered {
    const { managed, misbehaviour } = this.#parts;
    const { root } = managed;
    const inside = root === '' || `/${request.path[0]}` === root;
    if (!inside) return NOT_FOUND;
    const path = root === '' ? request.path : request.path.slice(1);
    const level = path.length;
    const executes = request.method === 'POST' && level === 3;
    if (misbehaviour.refuseWrites !== undefined && CHANGING.has(request.method) && !executes) {
      return { code: misbehaviour.refuseWrites };
    }
    const accept = misbehaviour.ignoreAccept ? undefined : request.accept;
    const answer = answerRequest(managed, { ...request, path, accept });
    return this.#observed({ ...request, accept }, path, answer);
  }

  /** Begins or ends an observation where the request wants it (RFC 7641 2). */
  #observed(request: DeviceRequest, path: readonly string[], answer: Answered): Answered {
    const { observe, method } = request;
    if (observe === undefined || (method !== 'GET' && method !== 'FETCH')) return answer;
    const { observations } = this.#parts;
    const { contentFormat } = answer;
    if (observe !== BEGIN || answer.code !== '2.05' || contentFormat === undefined || contentFormat === 40) {
      observations.cancel(request);
      return answer;
    }
    const target = path.length === 0 ? undefined : pathOfSegments(path);
    return { ...answer, observe: observations.begin(request, target, contentFormat) };
  }
}

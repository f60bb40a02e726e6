import { isDeepStrictEqual } from 'node:util';
import { type Clock, errorMessage, type Logger } from '../common/index.ts';
import { Operation, type RequestPrimitive, type ResponsePrimitive } from '../cse-client/index.ts';
import { Permission } from './access.ts';
import { resolve, shortOriginator, type Target } from './addressing.ts';
import type { Context } from './context.ts';
import { create } from './create.ts';
import { deletable, remove } from './delete.ts';
import { discover } from './discovery.ts';
import { fanOut } from './fan-out.ts';
import { notify } from './notify.ts';
import { Refusal, RSC } from './refusal.ts';
import { checkRequest, resultContent } from './request-check.ts';
import type { Attributes, Resource } from './resource.ts';
import { nested, references } from './result-content.ts';
import { type Retrieved, retrieve } from './retrieve.ts';
import { type Changed, update } from './update.ts';

type Answer = Omit<ResponsePrimitive, 'rqi' | 'rvi'>;

/** Request primitive in, response primitive out; nothing is thrown. A promise only where a notification target is asked. */
export class CseCore {
  readonly #context: Context;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor(context: Context, clock: Clock, logger: Logger) {
    this.#context = context;
    this.#clock = clock;
    this.#logger = logger;
  }

  handle(request: RequestPrimitive): ResponsePrimitive | Promise<ResponsePrimitive> {
    const finish = (answer: Answer): ResponsePrimitive => ({
      ...answer,
      ...(request.rqi === '' ? {} : { rqi: request.rqi }),
      ...(request.rvi === undefined ? {} : { rvi: request.rvi }),
    });
    const refuse = (error: unknown): ResponsePrimitive => finish(this.#refusal(error));
    try {
      checkRequest(request, this.#context.behaviour, this.#clock);
      const originator = shortOriginator(request.fr ?? '', this.#context.identity);
      const answer = this.#perform({ ...request, fr: originator }, request.to);
      return answer instanceof Promise ? answer.then(finish, refuse) : finish(answer);
    } catch (error) {
      return refuse(error);
    }
  }

  #refusal(error: unknown): Answer {
    if (error instanceof Refusal) return { rsc: error.rsc, pc: { 'm2m:dbg': error.message } };
    this.#logger.error('embedded CSE: a request failed', { error: errorMessage(error) });
    return { rsc: RSC.internalServerError, pc: { 'm2m:dbg': errorMessage(error) } };
  }

  #perform(request: RequestPrimitive, to: string): Answer | Promise<Answer> {
    const target = resolve(this.#context.tree, this.#context.identity, to);
    if (target === undefined) throw new Refusal(RSC.notFound, `resource not found: ${to}`.slice(0, 300));
    if (target.virtual === 'fopt') {
      return fanOut(this.#context, target, request, (member) => this.#perform(request, member));
    }
    switch (request.op) {
      case Operation.create:
        return this.#create(request, target);
      case Operation.retrieve:
        return this.#retrieve(request, target);
      case Operation.update:
        return this.#update(request, target);
      case Operation.delete:
        return this.#delete(request, target);
      case Operation.notify:
        return notify(this.#context, target, request);
    }
  }

  #create(request: RequestPrimitive, parent: Target): Answer | Promise<Answer> {
    const answer = (resource: Resource): Answer => ({
      rsc: RSC.created,
      ...creationContent(request, resource),
    });
    const made = create(this.#context, {
      parent,
      ty: request.ty ?? 0,
      pc: request.pc,
      originator: request.fr ?? '',
      releaseVersion: request.rvi,
    });
    return made instanceof Promise ? made.then(answer) : answer(made);
  }

  #retrieve(request: RequestPrimitive, target: Target): Answer | Promise<Answer> {
    const answer = (retrieved: Retrieved): Answer => ({ rsc: RSC.ok, ...retrieved });
    const found = retrieve(this.#context, {
      target,
      originator: request.fr ?? '',
      rcn: resultContent(request),
      drt: request.drt,
      fc: request.fc,
    });
    return found instanceof Promise ? found.then(answer) : answer(found);
  }

  #update(request: RequestPrimitive, target: Target): Answer | Promise<Answer> {
    const answer = (changed: Changed): Answer => ({ rsc: RSC.updated, ...updateContent(request, changed) });
    const changed = update(this.#context, {
      target,
      pc: request.pc,
      originator: request.fr ?? '',
      releaseVersion: request.rvi,
    });
    return changed instanceof Promise ? changed.then(answer) : answer(changed);
  }

  #delete(request: RequestPrimitive, target: Target): Answer {
    const resource = deletable(this.#context, target, request.fr ?? '');
    const content = this.#deletionContent(request, resource);
    remove(this.#context, resource);
    return { rsc: RSC.deleted, ...content };
  }

  /** What a DELETE gives back of what it takes (TS-0004 7.2.1.1, rcn 1, 4, 5, 6, 8). */
  #deletionContent(request: RequestPrimitive, resource: Resource): { pc?: unknown } {
    const rcn = resultContent(request);
    if (rcn === 0) return {};
    if (rcn === 1) return { pc: { [resource.type.name]: { ...resource.attributes } } };
    const { identity } = this.#context;
    const below = discover(this.#context, resource, request.fr ?? '', request.fc ?? {}, Permission.delete).resources;
    if (rcn === 4 || rcn === 8) return { pc: { [resource.type.name]: nested(resource, below, rcn === 4) } };
    const list = references(below, request.drt, identity);
    return {
      pc: rcn === 6 ? { 'm2m:rrl': { rrf: list } } : { [resource.type.name]: { ...resource.attributes, ch: list } },
    };
  }
}

/** What a CREATE answers (TS-0004 6.3.4.2.7, rcn 0, 1, 2, 3, 9). */
function creationContent(request: RequestPrimitive, resource: Resource): { pc?: unknown } {
  switch (resultContent(request)) {
    case 0:
      return {};
    case 2:
      return { pc: { 'm2m:uri': resource.path } };
    case 3: {
      const name = resource.type.name.slice('m2m:'.length);
      return { pc: { 'm2m:rce': { [name]: resource.attributes, uri: resource.path } } };
    }
    case 9:
      return { pc: { [resource.type.name]: unlikeAsked(request, resource.attributes) } };
    default:
      return { pc: resource.representation() };
  }
}

/** What an UPDATE answers (rcn 0, 1, 9). */
function updateContent(request: RequestPrimitive, { resource, modified }: Changed): { pc?: unknown } {
  const rcn = resultContent(request);
  if (rcn === 0) return {};
  if (rcn === 9) return { pc: { [resource.type.name]: unlikeAsked(request, modified) } };
  return { pc: resource.representation() };
}

/** Attributes that are not as the request has them: what the CSE set or corrected (rcn 9). */
function unlikeAsked(request: RequestPrimitive, attributes: Attributes): Attributes {
  const given = (Object.values(request.pc as object)[0] ?? {}) as Attributes;
  return Object.fromEntries(
    Object.entries(attributes).filter(([name, value]) => !isDeepStrictEqual(given[name], value)),
  );
}

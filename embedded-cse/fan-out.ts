import { Operation, type RequestPrimitive, type ResponsePrimitive } from '../cse-client/index.ts';
import { Permission } from './access.ts';
import type { Target } from './addressing.ts';
import type { Context } from './context.ts';
import { Refusal, RSC } from './refusal.ts';

const PERMISSIONS: Readonly<Record<Operation, Permission>> = {
  [Operation.create]: Permission.create,
  [Operation.retrieve]: Permission.retrieve,
  [Operation.update]: Permission.update,
  [Operation.delete]: Permission.delete,
  [Operation.notify]: Permission.notify,
};

type Answer = Omit<ResponsePrimitive, 'rqi' | 'rvi'>;

/**
 * Carries a request to each member of a group in turn and gathers the answers (TS-0004 7.4.14.2). As ACME does, the first
 * member that refuses ends it: its refusal is the answer, what was done before stays done.
 */
export async function fanOut(
  context: Context,
  target: Target,
  request: RequestPrimitive,
  perform: (to: string) => Answer | Promise<Answer>,
): Promise<Answer> {
  const group = target.resource;
  if (!context.access.allows(request.fr ?? '', group, PERMISSIONS[request.op], request.ty)) {
    throw new Refusal(RSC.noPrivilege, 'insufficient privileges for originator');
  }
  const answers: unknown[] = [];
  for (const member of [...(group.attributes.mid as readonly string[])]) {
    const path = context.tree.get(member)?.path ?? member;
    const { rsc, pc } = await perform(path + (target.tail ?? ''));
    // The content is copied now: a later member's change must not show in it.
    const copy = pc === undefined ? {} : { pc: structuredClone(pc) };
    answers.push({ rsc, rqi: request.rqi, ...(request.rvi === undefined ? {} : { rvi: request.rvi }), ...copy });
  }
  return { rsc: RSC.ok, pc: answers.length === 0 ? {} : { 'm2m:agr': { 'm2m:rsp': answers } } };
}

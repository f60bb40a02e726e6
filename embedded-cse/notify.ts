import { type RequestPrimitive, ResourceType, type ResponsePrimitive } from '../cse-client/index.ts';
import { Permission } from './access.ts';
import type { Target } from './addressing.ts';
import type { Context } from './context.ts';
import { Refusal, RSC } from './refusal.ts';

/** A NOTIFY that reached the CSE: only an AE takes one, and it is handed on to its point of access (TS-0004 7.3.4.2). */
export function notify(
  context: Context,
  target: Target,
  request: RequestPrimitive,
): Promise<Omit<ResponsePrimitive, 'rqi' | 'rvi'>> {
  const content = request.pc as Record<string, unknown>;
  if (content['m2m:sgn'] === undefined && content['m2m:rsp'] === undefined) {
    throw new Refusal(RSC.badRequest, 'Not a NOTIFY request or response');
  }
  if (target.resource.ty !== ResourceType.ae) {
    throw new Refusal(RSC.badRequest, 'this resource takes no notifications');
  }
  if (!context.access.allows(request.fr ?? '', target.resource, Permission.notify)) {
    throw new Refusal(RSC.noPrivilege, `Originator has no NOTIFY privilege for: ${target.resource.ri}`);
  }
  return context.events.forward(target.resource, request.fr ?? '', content).then(() => ({ rsc: RSC.ok }));
}

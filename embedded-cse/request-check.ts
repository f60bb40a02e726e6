import type { Clock } from '../common/index.ts';
import { Operation, type RequestPrimitive, ResourceType } from '../cse-client/index.ts';
import { timestampOf } from './attribute-values.ts';
import type { Behaviour } from './behaviour.ts';
import { Refusal, RSC } from './refusal.ts';

/** Result contents that an operation may ask for (TS-0004 7.2.1.1 and 7.5.2); discovery is RETRIEVE with `fu=1`. */
const RESULT_CONTENTS: Readonly<Record<number, readonly number[]>> = {
  [Operation.create]: [0, 1, 2, 3, 9],
  [Operation.retrieve]: [1, 4, 5, 6, 8],
  [Operation.update]: [0, 1, 9],
  [Operation.delete]: [0, 1, 4, 5, 6, 8],
  [Operation.notify]: [0],
};
const DISCOVERY_CONTENTS = [6, 11];
const DISCOVERY_DEFAULT = 11;

/** True when a request is a discovery (TS-0004 6.3.4.2.31). */
function isDiscovery(request: RequestPrimitive): boolean {
  return request.op === Operation.retrieve && request.fc?.fu === 1;
}

/** The result content of a request, or its default (TS-0004 6.3.4.2.7). */
export function resultContent(request: RequestPrimitive): number {
  if (request.rcn !== undefined) return request.rcn;
  if (isDiscovery(request)) return DISCOVERY_DEFAULT;
  return request.op === Operation.delete || request.op === Operation.notify ? 0 : 1;
}

/** Checks what does not depend on the tree, in the order that ACME has (TS-0004 7.3.1.2); throws Refusal. */
export function checkRequest(request: RequestPrimitive, behaviour: Behaviour, clock: Clock): void {
  if (request.rqi === '' && behaviour.mandatoryRequestId) {
    throw bad('request identifier parameter is mandatory in request');
  }
  if (request.to === '' || request.to.endsWith('/')) throw bad('to/target parameter is mandatory in request');
  checkReleaseVersion(request.rvi, behaviour);
  const registers = request.op === Operation.create && request.ty === ResourceType.ae;
  if ((request.fr === undefined || request.fr === '') && !registers) {
    throw bad('from/originator parameter is mandatory in request');
  }
  checkExpiration(request.rqet, clock.wall());
  const contents = isDiscovery(request) ? DISCOVERY_CONTENTS : (RESULT_CONTENTS[request.op] ?? []);
  if (!contents.includes(resultContent(request))) throw bad(`rcn: ${resultContent(request)} not allowed in operation`);
  if (request.rt === 1 || request.rt === 2) throw new Refusal(RSC.notImplemented, 'only blocking requests are served');
  const carries = request.op === Operation.create || request.op === Operation.update || request.op === Operation.notify;
  if (!carries) return;
  const empty = typeof request.pc !== 'object' || request.pc === null || Object.keys(request.pc).length === 0;
  if (!empty) return;
  throw new Refusal(behaviour.wrongRepresentationCode.create, 'Missing primitive content or body in request');
}

function checkReleaseVersion(rvi: string | undefined, behaviour: Behaviour): void {
  if (rvi === undefined && !behaviour.mandatoryReleaseVersion) return;
  if (rvi !== undefined && (behaviour.supportedReleaseVersions.includes(rvi) || !behaviour.mandatoryReleaseVersion)) {
    return;
  }
  throw new Refusal(
    RSC.releaseVersionNotSupported,
    rvi === undefined ? 'release Version Indicator is missing in request' : `release version unsupported: ${rvi}`,
  );
}

/** Milliseconds from now, or a time; one that has passed ends the request (TS-0004 6.3.4.1). */
function checkExpiration(rqet: string | undefined, now: number): void {
  if (rqet === undefined) return;
  const relative = /^\s*([+-]?\d{1,15})\s*$/.exec(rqet)?.[1];
  const ends = relative === undefined ? timestampOf(rqet) : now + Number(relative);
  if (ends === undefined) throw bad('error in provided Request Expiration Timestamp');
  if (ends <= now) throw new Refusal(RSC.requestTimeout, 'request timeout reached');
}

function bad(message: string): Refusal {
  return new Refusal(RSC.badRequest, message.slice(0, 300));
}

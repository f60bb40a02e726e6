import { ResourceType } from '../cse-client/index.ts';
import { timestampOf } from './attribute-values.ts';
import type { Behaviour } from './behaviour.ts';
import { Refusal, RSC } from './refusal.ts';
import type { Attributes, Resource } from './resource.ts';
import { MAX_LIFETIME, type Timestamps } from './timestamps.ts';

/**
 * Puts `et` right: the parent's where none is given, cut to the parent's and to the CSE's longest (TS-0004 7.3.3.7 and
 * 7.4.1). Throws Refusal 4000 for a time that has passed.
 */
export function settleExpiry(attributes: Attributes, parent: Resource, times: Timestamps, behaviour: Behaviour): void {
  const now = times.now();
  const parentEnds = parent.ty === ResourceType.cseBase ? undefined : parent.expires;
  const wanted = attributes.et;
  if (wanted === undefined) {
    attributes.et = parentEnds === undefined ? times.at(now + MAX_LIFETIME) : parent.attributes.et;
    if (parentEnds === undefined || parentEnds >= now) return;
    throw past(attributes.et);
  }
  const ends = timestampOf(wanted);
  if (ends === undefined || (behaviour.strictBasicTimestamps && !/^\d{8}T\d{6}$/.test(String(wanted)))) {
    throw new Refusal(RSC.badRequest, 'expirationTime is no timestamp YYYYMMDDThhmmss');
  }
  if (ends < now) throw past(wanted);
  if (!behaviour.cutsExpiry) return;
  if (parentEnds !== undefined && ends > parentEnds) attributes.et = parent.attributes.et;
  else if (ends > now + MAX_LIFETIME) attributes.et = times.at(now + MAX_LIFETIME);
}

function past(et: unknown): Refusal {
  return new Refusal(RSC.badRequest, `expirationTime is in the past: ${String(et).slice(0, 40)}`);
}

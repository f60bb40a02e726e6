import type { CoapResponse } from '../coap/types.ts';
import { encodeContent } from '../content/content.ts';
import type { Lwm2mVersion } from '../registration/registration.ts';
import type { ContentModel } from './operation.ts';
import { placedNodes } from './placement.ts';
import type { BootstrapPlan } from './plan.ts';

/** A client that asks for a pack speaks at least this. */
export const PACK_VERSION: Lwm2mVersion = '1.2';
/** Formats of a pack; the first one where the client names none (LwM2M 1.2 6.1.7.8). */
const PACK_FORMATS: readonly number[] = [112, 110, 11544];

/** The format of a pack; undefined where the client accepts none of them. */
export function packFormat(accept: number | undefined): number | undefined {
  return accept === undefined ? PACK_FORMATS[0] : PACK_FORMATS.find((format) => format === accept);
}

/** All object instances of a plan in one answer. Throws `IpeError` `content/…` where a value has no form in the format. */
export function packResponse(plan: BootstrapPlan, format: number, model: ContentModel): CoapResponse {
  const payload = encodeContent(format, placedNodes(plan, PACK_VERSION), { ...model, base: undefined });
  return { code: '2.05', contentFormat: format, payload };
}

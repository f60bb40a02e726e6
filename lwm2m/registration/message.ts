import { DecodeError } from '../../common/index.ts';
import type { CoapCode, CoapRequest } from '../coap/types.ts';
import type { Refusal } from './handler.ts';
import type { ObjectLinksCache } from './object-links-cache.ts';
import {
  type LifetimeBounds,
  type ParameterOperation,
  parseParameters,
  type RegistrationParameters,
} from './parameters.ts';
import type { ObjectLinks } from './registration.ts';

/** A Register or Update, read. */
export interface RegistrationMessage {
  readonly parameters: RegistrationParameters;
  /** Undefined: an Update without payload, the list stays as it was. */
  readonly objectLinks: ObjectLinks | undefined;
}

/** Content-Format of link format (RFC 7252 12.3). */
const LINK_FORMAT = 40;

/** Response code of each `DecodeError` that is not 4.00; 4.12 is how a server refuses a version (LwM2M 1.1 6.2.1). */
const CODES: ReadonlyMap<string, CoapCode> = new Map([['lwm2m/version', '4.12']]);

/** Reads what a client sent; a refusal says what is wrong with it. */
export function readMessage(
  { query, payload, contentFormat }: CoapRequest,
  operation: ParameterOperation,
  lifetime: LifetimeBounds,
  cache: ObjectLinksCache,
): RegistrationMessage | Refusal {
  // A client without any Object is registered all the same: no text forbids the empty list.
  const listed = payload.length > 0 || operation === 'register';
  // Some clients send no Content-Format; the payload can be nothing but link format.
  if (listed && contentFormat !== undefined && contentFormat !== LINK_FORMAT) {
    return { code: '4.15', diagnostic: `object links have Content-Format ${LINK_FORMAT}` };
  }
  try {
    const parameters = parseParameters(query, operation, lifetime);
    return { parameters, objectLinks: listed ? cache.decode(payload) : undefined };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { code: CODES.get(error.code) ?? '4.00', diagnostic: error.message };
  }
}

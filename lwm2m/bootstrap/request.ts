import { DecodeError } from '../../common/index.ts';
import type { CoapCode, CoapRequest } from '../coap/types.ts';
import type { Refusal } from '../registration/handler.ts';
import type { BootstrapClient, BootstrapHandler } from './handler.ts';
import { parseBootstrapParameters } from './parameters.ts';

/** Response code of each `DecodeError` that is not 4.00 (LwM2M 1.1 Transport 6.4.2: 4.15 for a format). */
const CODES: ReadonlyMap<string, CoapCode> = new Map([['lwm2m/preferred-format', '4.15']]);
const NAMELESS: Refusal = Object.freeze({ code: '4.00', diagnostic: 'ep is missing' });

/** Who asks to be bootstrapped; a refusal says what is wrong with the request. */
export function readClient(
  { peer, query }: CoapRequest,
  by: BootstrapClient['by'],
  nameOf: BootstrapHandler['nameOf'],
): BootstrapClient | Refusal {
  try {
    const parameters = parseBootstrapParameters(query);
    const endpoint = parameters.endpoint ?? nameOf?.(peer);
    return endpoint === undefined ? NAMELESS : { endpoint, peer, preferredFormat: parameters.preferredFormat, by };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { code: CODES.get(error.code) ?? '4.00', diagnostic: error.message };
  }
}

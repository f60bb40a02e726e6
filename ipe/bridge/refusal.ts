import { IpeError } from '../../common/index.ts';
import { CseError, statusCode } from '../../cse-client/index.ts';
import type { Refusal } from '../../lwm2m/index.ts';
import { coapCode, type RegistrationOperation } from '../../mappings/index.ts';

/** Seconds: the least and the most that a device is told to wait while the CSE is away; spread so that they part. */
const MAX_AGE = { least: 5, most: 15 } as const;

/** The answer to a device while the CSE cannot be asked (RFC 7252 5.9.3.4). */
export function unavailable(random: () => number): Refusal {
  const maxAge = MAX_AGE.least + Math.floor(random() * (MAX_AGE.most - MAX_AGE.least + 1));
  return { code: '5.03', diagnostic: 'CSE not reachable', maxAge };
}

/** What a device is told when an operation failed on the CSE; rethrows what is no answer and no want of one. */
export function refusalOf(operation: RegistrationOperation, error: unknown, random: () => number): Refusal {
  if (!(error instanceof IpeError)) throw error;
  if (!(error instanceof CseError) || error.rsc === undefined) {
    if (error.retryable || error instanceof CseError) return unavailable(random);
    return { code: '4.03', diagnostic: error.message };
  }
  const code = coapCode(operation, error.rsc);
  if (code === '5.03') return unavailable(random);
  return { code, diagnostic: `CSE refused: ${statusCode(error.rsc)?.name ?? error.rsc}` };
}

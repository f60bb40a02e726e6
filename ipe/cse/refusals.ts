import { CseError } from '../../cse-client/index.ts';

/** True when the CSE answered with one of these response status codes (TS-0004 6.6.3). */
export function isRefused(error: unknown, ...codes: number[]): error is CseError {
  return error instanceof CseError && error.rsc !== undefined && codes.includes(error.rsc);
}

/** True when a CREATE was refused because its parent has a resource of that name already (TS-0004 6.6.3.5). */
export function isNameTaken(error: unknown): error is CseError {
  return isRefused(error, 4105, 5106);
}

/** True when the CREATE of an AE was refused because its name or its AE-ID is there already (TS-0004 6.6.3.5). */
export function isAeTaken(error: unknown): error is CseError {
  return isNameTaken(error) || isRefused(error, 4117);
}

/** True when the CSE answered as one that has lost what each request relies on: the IPE's own AE or policy. */
export function isPresenceLost(error: unknown): error is CseError {
  return isRefused(error, 4000, 4102, 4103, 4107);
}

/** What a CSE that was not asked, or did not answer, leaves behind; what we ended ourselves is not among it. */
const WITHOUT_ANSWER: ReadonlySet<string> = new Set([
  'cse/unreachable',
  'cse/untrusted',
  'cse/timeout',
  'cse/not-a-cse',
  'cse/busy',
]);

/** True where the CSE has said nothing to a request: it is away, too slow, or something else answers in its place. */
export function isWithoutAnswer(error: unknown): error is CseError {
  return error instanceof CseError && error.rsc === undefined && WITHOUT_ANSWER.has(error.code);
}

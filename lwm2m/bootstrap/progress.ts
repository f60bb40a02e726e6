import type { CoapReply } from '../coap/outgoing-request.ts';
import { excerpt } from '../registration/excerpt.ts';
import type { Lwm2mVersion } from '../registration/registration.ts';
import { type DiscoveredAccounts, discoveredAccounts } from './discovered-accounts.ts';
import { type BootstrapOperation, operationName } from './operation.ts';
import { placedOperations } from './placement.ts';
import type { BootstrapPlan } from './plan.ts';

/** How far a bootstrap session is; replaced, never changed. */
export interface BootstrapProgress {
  readonly plan: BootstrapPlan;
  /** What is asked now, and what comes after. */
  readonly pending: readonly BootstrapOperation[];
  /** The content format in use, and those to fall back to. */
  readonly formats: readonly number[];
  /** Of the client, as far as it is known. */
  readonly version: Lwm2mVersion;
  readonly accounts: DiscoveredAccounts | undefined;
  /** How many object instances were written. */
  readonly written: number;
  /** What the client refused, yet was no reason to end the session. */
  readonly tolerated: readonly string[];
}

/** How a session goes on after an answer. */
export type BootstrapStep =
  | { readonly kind: 'ask'; readonly progress: BootstrapProgress; readonly operation: BootstrapOperation }
  | { readonly kind: 'finished'; readonly progress: BootstrapProgress }
  | {
      readonly kind: 'refused';
      readonly progress: BootstrapProgress;
      readonly operation: string;
      readonly code: string;
    };

/** What a Bootstrap-Request said of the client. */
export interface ClientFormats {
  /** `pct`, which a client of 1.1 or later sends. */
  readonly preferred: number | undefined;
}

const TLV = 11542;
const SENML_JSON = 110;
const SENML_CBOR = 112;
/** A client of 1.0 reads TLV (LwM2M 1.0 6.4); a later one that says nothing reads one of SenML (1.1 7.4). */
const WITHOUT_PREFERENCE = [TLV, SENML_CBOR, SENML_JSON] as const;
const UNSUPPORTED: ReadonlySet<string> = new Set(['4.15', '4.06']);
const NOTHING_THERE: ReadonlySet<string> = new Set(['4.04']);

/** The beginning of a session: what the client has is asked first, for its instances are not to be overwritten. */
export function beginBootstrap(plan: BootstrapPlan, { preferred }: ClientFormats): BootstrapStep {
  const operation: BootstrapOperation = { type: 'discover', target: '/' };
  const progress: BootstrapProgress = {
    plan,
    pending: [operation],
    formats: preferred === undefined ? WITHOUT_PREFERENCE : [preferred],
    version: preferred === undefined ? '1.0' : '1.1',
    accounts: undefined,
    written: 0,
    tolerated: [],
  };
  return { kind: 'ask', progress, operation };
}

/** What follows from the answer to the operation under way. */
export function bootstrapAnswered(progress: BootstrapProgress, reply: CoapReply): BootstrapStep {
  const operation = progress.pending[0]!;
  const succeeded = reply.code.startsWith('2.');
  switch (operation.type) {
    case 'discover':
      return discovered(progress, operation, succeeded ? discoveredAccounts(reply.payload) : undefined, reply);
    case 'read':
    case 'delete':
      return next(succeeded || NOTHING_THERE.has(reply.code) ? progress : tolerated(progress, operation, reply));
    case 'write':
      if (succeeded) return next({ ...progress, written: progress.written + 1 });
      if (UNSUPPORTED.has(reply.code) && progress.formats.length > 1) {
        return { kind: 'ask', progress: { ...progress, formats: progress.formats.slice(1) }, operation };
      }
      return refused(progress, operation, reply);
    case 'finish':
      return succeeded ? { kind: 'finished', progress } : refused(progress, operation, reply);
  }
}

/** A client that cannot say what it has is served all the same: Bootstrap-Discover is optional for many. */
function discovered(
  progress: BootstrapProgress,
  operation: BootstrapOperation,
  accounts: DiscoveredAccounts | undefined,
  reply: CoapReply,
): BootstrapStep {
  const version = accounts?.version ?? progress.version;
  const rest = placedOperations(progress.plan, accounts, version);
  const known = { ...progress, accounts, version, pending: [operation, ...rest] };
  return next(accounts === undefined ? tolerated(known, operation, reply) : known);
}

function next(progress: BootstrapProgress): BootstrapStep {
  const pending = progress.pending.slice(1);
  return { kind: 'ask', progress: { ...progress, pending }, operation: pending[0]! };
}

function tolerated(progress: BootstrapProgress, operation: BootstrapOperation, reply: CoapReply): BootstrapProgress {
  return { ...progress, tolerated: [...progress.tolerated, `${operationName(operation)}: ${answerOf(reply)}`] };
}

function refused(progress: BootstrapProgress, operation: BootstrapOperation, reply: CoapReply): BootstrapStep {
  return { kind: 'refused', progress, operation: operationName(operation), code: answerOf(reply) };
}

function answerOf({ code, payload }: CoapReply): string {
  const text = code.startsWith('2.') ? '' : excerpt(payload.subarray(0, 256).toString('utf8').trim());
  return text === '' ? code : `${code} ${text}`;
}

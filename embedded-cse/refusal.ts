import { IpeError } from '../common/index.ts';

/** A request that the embedded CSE refuses: the response status code (TS-0004 6.6.3) and the text of its `m2m:dbg`. */
export class Refusal extends IpeError {
  readonly rsc: number;

  constructor(rsc: number, message: string) {
    super('cse/refused', message, { details: { rsc } });
    this.rsc = rsc;
  }
}

/** Response status codes that the embedded CSE gives (TS-0004 6.6.3), by the name of the reason. */
export const RSC = {
  ok: 2000,
  created: 2001,
  deleted: 2002,
  updated: 2004,
  badRequest: 4000,
  releaseVersionNotSupported: 4001,
  notFound: 4004,
  operationNotAllowed: 4005,
  requestTimeout: 4008,
  unsupportedMediaType: 4015,
  contentsUnacceptable: 4102,
  noPrivilege: 4103,
  conflict: 4105,
  securityAssociationRequired: 4107,
  invalidChildResourceType: 4108,
  groupMemberTypeInconsistent: 4110,
  alreadyRegistered: 4117,
  appRuleValidationFailed: 4126,
  operationDeniedByRemoteEntity: 4127,
  internalServerError: 5000,
  notImplemented: 5001,
  targetNotReachable: 5103,
  receiverHasNoPrivilege: 5105,
  remoteEntityNotReachable: 5107,
  targetNotSubscribable: 5203,
  subscriptionVerificationFailed: 5204,
  notAcceptable: 5207,
  maxMembersExceeded: 6010,
} as const;

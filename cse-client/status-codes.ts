/** One response status code of TS-0004 6.6.3, its HTTP status (TS-0009 6.3.2), and whether a later try may succeed. */
export interface StatusCode {
  readonly name: string;
  readonly http: number;
  readonly retryable?: true;
}

/** Response status codes (TS-0004 6.6.3.2 to 6.6.3.7) with the HTTP status of TS-0009 table 6.3.2-1. */
export const STATUS_CODES = {
  1000: { name: 'ACCEPTED', http: 202 },
  1001: { name: 'ACCEPTED_FOR_NON_BLOCKING_REQUEST_SYNCH', http: 202 },
  1002: { name: 'ACCEPTED_FOR_NON_BLOCKING_REQUEST_ASYNCH', http: 202 },
  2000: { name: 'OK', http: 200 },
  2001: { name: 'CREATED', http: 201 },
  2002: { name: 'DELETED', http: 200 },
  2004: { name: 'UPDATED', http: 200 },
  4000: { name: 'BAD_REQUEST', http: 400 },
  4001: { name: 'RELEASE_VERSION_NOT_SUPPORTED', http: 501 },
  4004: { name: 'NOT_FOUND', http: 404 },
  4005: { name: 'OPERATION_NOT_ALLOWED', http: 405 },
  4008: { name: 'REQUEST_TIMEOUT', http: 504, retryable: true },
  4015: { name: 'UNSUPPORTED_MEDIA_TYPE', http: 415 },
  4101: { name: 'SUBSCRIPTION_CREATOR_HAS_NO_PRIVILEGE', http: 403 },
  4102: { name: 'CONTENTS_UNACCEPTABLE', http: 400 },
  4103: { name: 'ORIGINATOR_HAS_NO_PRIVILEGE', http: 403 },
  4104: { name: 'GROUP_REQUEST_IDENTIFIER_EXISTS', http: 409 },
  4105: { name: 'CONFLICT', http: 409 },
  4106: { name: 'ORIGINATOR_NOT_AUTHENTICATED', http: 403 },
  4107: { name: 'SECURITY_ASSOCIATION_REQUIRED', http: 403 },
  4108: { name: 'INVALID_CHILD_RESOURCE_TYPE', http: 403 },
  4109: { name: 'NO_MEMBERS', http: 403 },
  4110: { name: 'GROUP_MEMBER_TYPE_INCONSISTENT', http: 400 },
  4111: { name: 'ESPRIM_UNSUPPORTED_OPTION', http: 403 },
  4112: { name: 'ESPRIM_UNKNOWN_KEY_ID', http: 403 },
  4113: { name: 'ESPRIM_UNKNOWN_ORIG_RAND_ID', http: 403 },
  4114: { name: 'ESPRIM_UNKNOWN_RECV_RAND_ID', http: 403 },
  4115: { name: 'ESPRIM_BAD_MAC', http: 403 },
  4116: { name: 'ESPRIM_IMPERSONATION_ERROR', http: 403 },
  4117: { name: 'ORIGINATOR_HAS_ALREADY_REGISTERED', http: 403 },
  4118: { name: 'ONTOLOGY_NOT_AVAILABLE', http: 404 },
  4119: { name: 'LINKED_SEMANTICS_NOT_AVAILABLE', http: 404 },
  4120: { name: 'INVALID_SEMANTICS', http: 400 },
  4121: { name: 'MASHUP_MEMBER_NOT_FOUND', http: 404 },
  4122: { name: 'INVALID_TRIGGER_PURPOSE', http: 400 },
  4123: { name: 'ILLEGAL_TRANSACTION_STATE_TRANSITION_ATTEMPTED', http: 400 },
  4124: { name: 'BLOCKING_SUBSCRIPTION_ALREADY_EXISTS', http: 409 },
  4125: { name: 'SPECIALIZATION_SCHEMA_NOT_FOUND', http: 501 },
  4126: { name: 'APP_RULE_VALIDATION_FAILED', http: 403 },
  4127: { name: 'OPERATION_DENIED_BY_REMOTE_ENTITY', http: 403 },
  // 4128 has no row in TS-0009 table 6.3.2-1; its neighbours of the same kind are 403.
  4128: { name: 'SERVICE_SUBSCRIPTION_NOT_ESTABLISHED', http: 403 },
  4143: { name: 'INVALID_SPARQL_QUERY', http: 400 },
  5000: { name: 'INTERNAL_SERVER_ERROR', http: 500, retryable: true },
  5001: { name: 'NOT_IMPLEMENTED', http: 501 },
  5103: { name: 'TARGET_NOT_REACHABLE', http: 404, retryable: true },
  5105: { name: 'RECEIVER_HAS_NO_PRIVILEGE', http: 403 },
  5106: { name: 'ALREADY_EXISTS', http: 409 },
  5107: { name: 'REMOTE_ENTITY_NOT_REACHABLE', http: 404, retryable: true },
  5203: { name: 'TARGET_NOT_SUBSCRIBABLE', http: 403 },
  5204: { name: 'SUBSCRIPTION_VERIFICATION_INITIATION_FAILED', http: 500 },
  5205: { name: 'SUBSCRIPTION_HOST_HAS_NO_PRIVILEGE', http: 403 },
  5206: { name: 'NON_BLOCKING_SYNCH_REQUEST_NOT_SUPPORTED', http: 501 },
  5207: { name: 'NOT_ACCEPTABLE', http: 406 },
  5208: { name: 'DISCOVERY_DENIED_BY_IPE', http: 403 },
  5209: { name: 'GROUP_MEMBERS_NOT_RESPONDED', http: 500, retryable: true },
  5210: { name: 'ESPRIM_DECRYPTION_ERROR', http: 500 },
  5211: { name: 'ESPRIM_ENCRYPTION_ERROR', http: 500 },
  5212: { name: 'SPARQL_UPDATE_ERROR', http: 500 },
  5214: { name: 'TARGET_HAS_NO_SESSION_CAPABILITY', http: 403 },
  5215: { name: 'SESSION_IS_ONLINE', http: 403 },
  5216: { name: 'JOIN_MULTICAST_GROUP_FAILED', http: 500 },
  5217: { name: 'LEAVE_MULTICAST_GROUP_FAILED', http: 500 },
  5218: { name: 'TRIGGERING_DISABLED_FOR_RECIPIENT', http: 403 },
  5219: { name: 'UNABLE_TO_REPLACE_REQUEST', http: 409 },
  5220: { name: 'UNABLE_TO_RECALL_REQUEST', http: 409 },
  5221: { name: 'CROSS_RESOURCE_OPERATION_FAILURE', http: 500 },
  5222: { name: 'TRANSACTION_PROCESSING_IS_INCOMPLETE', http: 403 },
  6003: { name: 'EXTERNAL_OBJECT_NOT_REACHABLE', http: 404, retryable: true },
  6005: { name: 'EXTERNAL_OBJECT_NOT_FOUND', http: 404 },
  6010: { name: 'MAX_NUMBER_OF_MEMBER_EXCEEDED', http: 400 },
  6020: { name: 'MGMT_SESSION_CANNOT_BE_ESTABLISHED', http: 500, retryable: true },
  6021: { name: 'MGMT_SESSION_ESTABLISHMENT_TIMEOUT', http: 500, retryable: true },
  6022: { name: 'INVALID_CMDTYPE', http: 400 },
  6023: { name: 'INVALID_ARGUMENTS', http: 400 },
  6024: { name: 'INSUFFICIENT_ARGUMENTS', http: 400 },
  6025: { name: 'MGMT_CONVERSION_ERROR', http: 500 },
  6026: { name: 'MGMT_CANCELLATION_FAILED', http: 500 },
  6028: { name: 'ALREADY_COMPLETE', http: 409 },
  6029: { name: 'MGMT_COMMAND_NOT_CANCELLABLE', http: 409 },
  6030: { name: 'EXTERNAL_OBJECT_NOT_REACHABLE_BEFORE_RQET_TIMEOUT', http: 504, retryable: true },
  6031: { name: 'EXTERNAL_OBJECT_NOT_REACHABLE_BEFORE_OET_TIMEOUT', http: 504, retryable: true },
} as const satisfies Readonly<Record<number, StatusCode>>;

/** The row of a code, or undefined for one that TS-0004 does not define. */
export function statusCode(rsc: number): StatusCode | undefined {
  return (STATUS_CODES as Readonly<Record<number, StatusCode>>)[rsc];
}

/** True for the classes 1000 and 2000 (TS-0004 6.6.2). */
export function isSuccess(rsc: number): boolean {
  return rsc >= 1000 && rsc < 3000;
}

/** The HTTP status that carries a code (TS-0009 6.3.2); a code without a row takes the status of its class. */
export function httpStatus(rsc: number): number {
  return statusCode(rsc)?.http ?? (rsc < 2000 ? 202 : rsc < 3000 ? 200 : rsc < 5000 ? 400 : 500);
}

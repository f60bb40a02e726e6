export type { BootstrapClient, BootstrapHandler, BootstrapResult } from './bootstrap/handler.ts';
export type { BootstrapCounters, BootstrapLimits } from './bootstrap/options.ts';
export { parseBootstrapParameters } from './bootstrap/parameters.ts';
export type { BootstrapPlan, DeletionTarget, PlannedInstance, PlannedResource } from './bootstrap/plan.ts';
export { BootstrapServer, type BootstrapServerOptions } from './bootstrap/server.ts';
export type { SessionTimes } from './bootstrap/session.ts';
export type { CoapCounters } from './coap/counters.ts';
export { CoapEndpoint, type CoapEndpointOptions } from './coap/endpoint.ts';
export type { CoapNotification, NotificationHandler } from './coap/notification.ts';
export type { CoapReply, OutgoingRequest, RequestOptions } from './coap/outgoing-request.ts';
export type { CoapLimits, TransmissionParameters } from './coap/parameters.ts';
export {
  type CertificateIdentity,
  nameOf,
  type PeerIdentity,
  type PskIdentity,
  type PublicKeyIdentity,
} from './coap/peer-identity.ts';
export type { RateLimits } from './coap/rate-limit.ts';
export { ReturnTimes } from './coap/return-times.ts';
export type { DatagramTransport, ReceiveDatagram, SendDatagram, TransportLosses } from './coap/transport.ts';
export type {
  CoapCode,
  CoapHandler,
  CoapMethod,
  CoapRequest,
  CoapResponse,
  Peer,
} from './coap/types.ts';
export type { CoapsOptions, Listening } from './coap-endpoints.ts';
export { type ContentContext, decodeContent, encodeContent } from './content/content.ts';
export { CONTENT_FORMATS, type ContentFormat } from './content/content-formats.ts';
export { type JsonValue, valueFromJson, valueToJson } from './content/json-value.ts';
export { type ContentLimits, DEFAULT_CONTENT_LIMITS } from './content/limits.ts';
export { decodePaths, encodePaths } from './content/path-list.ts';
export type { Node, ObjectLinkValue, Value } from './content/value.ts';
export { CIPHER_SUITES, type CipherSuite, DEFAULT_CIPHER_SUITES } from './dtls/cipher-suites.ts';
export { type DtlsCapabilities, DtlsServer } from './dtls/dtls-server.ts';
export { loadOpenssl } from './dtls/openssl.ts';
export type { DtlsCounters, DtlsLimits, DtlsServerOptions } from './dtls/options.ts';
export { publicKeyFingerprint, publicKeyOf, readPublicKey } from './dtls/public-key.ts';
export type { RawPublicKeys } from './dtls/raw-public-keys.ts';
export type { ServerCertificate } from './dtls/server-certificate.ts';
export type { CloseReason, DtlsSession } from './dtls/session.ts';
export type { IdentityPolicy } from './identity/identity-policy.ts';
export { Refusals } from './identity/refusals.ts';
export type { DataType, ObjectDefinition, ResourceDefinition, ResourceOperations } from './model/definition.ts';
export { ObjectModels } from './model/object-models.ts';
export { formatPath, type Path, parsePath } from './model/path.ts';
export type { ReportCounters } from './observation/counters.ts';
export type { KeptObservation, ObservationKeeper } from './observation/kept-observation.ts';
export type { ObservationTarget } from './observation/observation.ts';
export type { ObservationChange, ObservationEnded, ObservationRenewed, Report } from './observation/report.ts';
export type { PerformOptions } from './operation/call.ts';
export type { DiscoveredLink } from './operation/discovered-link.ts';
export type { Dispatcher, OperationState, Urgency, WaitingOperation } from './operation/dispatcher.ts';
export { DEFAULT_OPERATION_LIMITS, type OperationLimits } from './operation/limits.ts';
export { NOTIFICATION_ATTRIBUTES, type NotificationAttributes } from './operation/notification-attributes.ts';
export type { Operation, OperationType } from './operation/operation.ts';
export { OPERATION_RULES, operationFault } from './operation/operation-rules.ts';
export type { OperationCounters } from './operation/operations.ts';
export type { Invalid, Outcome, Refused, Success, Unanswered } from './operation/outcome.ts';
export { DEFAULT_QUEUE_MODE, type QueueModeCounters, type QueueModeOptions } from './queue/options.ts';
export { supersedes } from './queue/superseding.ts';
export type { RegistrationCounters } from './registration/counters.ts';
export type { Answer, Refusal, RegistrationHandler } from './registration/handler.ts';
export {
  LINK_FORMAT_LIMITS,
  type Link,
  type LinkAttribute,
  linkAttribute,
  parseLinkFormat,
  printLinkFormat,
} from './registration/link-format.ts';
export { decodeObjectLinks, sameObjectLinks } from './registration/object-links.ts';
export type { RegistrationLimits } from './registration/options.ts';
export { type LifetimeBounds, REGISTRATION_PARAMETERS } from './registration/parameters.ts';
export {
  LWM2M_VERSIONS,
  type Lwm2mVersion,
  type ObjectLink,
  type ObjectLinks,
  type Registration,
} from './registration/registration.ts';
export { registrationFields, registrationMark } from './registration/registration-fields.ts';
export type { Route } from './registration/routes.ts';
export { RegistrationService, type Reply } from './registration/service.ts';
export { type HeardObservation, Lwm2mServer, type Lwm2mServerCounters, type Lwm2mServerOptions } from './server.ts';

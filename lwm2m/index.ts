export type { CoapCounters } from './coap/counters.ts';
export { CoapEndpoint, type CoapEndpointOptions } from './coap/endpoint.ts';
export type { CoapReply, OutgoingRequest, RequestOptions } from './coap/outgoing-request.ts';
export type { CoapLimits, TransmissionParameters } from './coap/parameters.ts';
export type { CoapCode, CoapHandler, CoapMethod, CoapRequest, CoapResponse, Peer } from './coap/types.ts';
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
export {
  DEFAULT_REGISTRATION_LIMITS,
  type RegistrationLimits,
  type RegistrationServiceOptions,
} from './registration/options.ts';
export { DEFAULT_LIFETIME, type LifetimeBounds, REGISTRATION_PARAMETERS } from './registration/parameters.ts';
export {
  LWM2M_VERSIONS,
  type Lwm2mVersion,
  type ObjectLink,
  type ObjectLinks,
  type Registration,
} from './registration/registration.ts';
export type { RegistrationRegistry } from './registration/registry.ts';
export type { Route, RouteAction } from './registration/routes.ts';
export { RegistrationService, type Reply } from './registration/service.ts';
export { Lwm2mServer, type Lwm2mServerCounters, type Lwm2mServerOptions } from './server.ts';

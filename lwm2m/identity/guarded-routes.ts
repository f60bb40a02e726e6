import type { CoapRequest, CoapResponse } from '../coap/types.ts';
import type { RegistrationRegistry } from '../registration/registry.ts';
import type { Route, RouteAction } from '../registration/routes.ts';
import { type IdentityPolicy, refusalOf } from './identity-policy.ts';
import type { Refusals } from './refusals.ts';

/** What the guard knows, and whom it tells. */
export interface GuardParts {
  readonly policy: IdentityPolicy | undefined;
  readonly registrations: RegistrationRegistry;
  readonly refusals: Refusals;
}

/** Not told apart from a registration that is not there: nobody learns whose others are. */
const NOT_REGISTERED: CoapResponse = Object.freeze({ code: '4.04', payload: 'not registered' });
const NAME = 'ep=';

/**
 * `/rd` and `/rd/<id>` for those alone who may speak for the endpoint: Register with another's name is answered 4.00 (LwM2M 1.0
 * 5.3.1, 1.1 6.2.1), Update and De-register of another's registration 4.04.
 */
export function guardedRoutes(routes: readonly Route[], parts: GuardParts): readonly Route[] {
  return routes.map((route) => {
    const guard = route.path.length === 1 ? guardRegister : guardRegistered;
    const methods = Object.fromEntries(
      Object.entries(route.methods).map(([method, action]) => [method, guard(action, parts)]),
    );
    return { ...route, methods };
  });
}

function guardRegister(action: RouteAction, parts: GuardParts): RouteAction {
  const { policy, registrations, refusals } = parts;
  return (given, name) => {
    const request = withEndpoint(given, policy);
    for (const option of request.query) {
      if (!option.startsWith(NAME)) continue;
      const endpoint = option.slice(NAME.length);
      const reason = refusalOf(policy, request.peer, endpoint, registrations.byEndpoint(endpoint));
      if (reason === undefined) continue;
      refusals.add('register', request.peer, endpoint, reason);
      return { code: '4.00', payload: reason };
    }
    return action(request, name);
  };
}

/** LwM2M 1.1 6.2.1: a Register may leave the name to what the peer has proved. */
function withEndpoint(request: CoapRequest, policy: IdentityPolicy | undefined): CoapRequest {
  if (request.peer.identity === undefined || request.query.some((option) => option.startsWith(NAME))) return request;
  const endpoint = policy?.endpointOf?.(request.peer);
  return endpoint === undefined ? request : { ...request, query: [...request.query, `${NAME}${endpoint}`] };
}

function guardRegistered(action: RouteAction, { policy, registrations, refusals }: GuardParts): RouteAction {
  return (request, id) => {
    const registration = registrations.get(id);
    if (registration !== undefined) {
      const reason = refusalOf(policy, request.peer, registration.endpoint, registration);
      if (reason !== undefined) {
        refusals.add('update', request.peer, registration.endpoint, reason);
        return NOT_REGISTERED;
      }
    }
    return action(request, id);
  };
}

import type { CoapMethod, CoapRequest, CoapResponse } from '../coap/types.ts';
import type { Link } from './link-format.ts';
import type { RegistrationService, Reply } from './service.ts';
import { wellKnownCore } from './well-known-core.ts';

/** Serves one request; `name` is the path's variable segment, empty where the route has none. */
export type RouteAction = (request: CoapRequest, name: string) => Reply;

/** A resource of the server. */
export interface Route {
  /** Segments of its path; `*` stands for any one segment. */
  readonly path: readonly string[];
  /** Methods it knows; any other is answered 4.05 (RFC 7252 5.8). */
  readonly methods: Readonly<Partial<Record<CoapMethod, RouteAction>>>;
  /** How `/.well-known/core` shows it; absent: not at all. */
  readonly link?: Link;
}

const NOT_FOUND: CoapResponse = Object.freeze({ code: '4.04' });
const METHOD_NOT_ALLOWED: CoapResponse = Object.freeze({ code: '4.05' });

/** Finds the resource that a request means. */
export class RouteTable {
  private readonly byFirstSegment = new Map<string, Route[]>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const first = route.path[0] ?? '';
      this.byFirstSegment.set(first, [...(this.byFirstSegment.get(first) ?? []), route]);
    }
  }

  /** 4.04 for a path without resource, 4.05 for a method that its resource does not know. */
  serve(request: CoapRequest): Reply {
    const { path } = request;
    const routes = this.byFirstSegment.get(path[0] ?? '');
    const route = routes?.find((candidate) => fits(candidate.path, path));
    if (route === undefined) return NOT_FOUND;
    const action = route.methods[request.method];
    return action === undefined ? METHOD_NOT_ALLOWED : action(request, variableSegment(route.path, path));
  }
}

function fits(pattern: readonly string[], path: readonly string[]): boolean {
  if (pattern.length !== path.length) return false;
  for (let i = 0; i < path.length; i += 1) if (pattern[i] !== path[i] && pattern[i] !== '*') return false;
  return true;
}

function variableSegment(pattern: readonly string[], path: readonly string[]): string {
  const index = pattern.indexOf('*');
  return index < 0 ? '' : path[index]!;
}

/** `/rd` and `/rd/<id>` (LwM2M 1.0 5.3). Update by PUT is how drafts before 1.0 had it; devices of that age exist. */
export function registrationRoutes(service: RegistrationService): readonly Route[] {
  const update: RouteAction = (request, id) => service.update(id, request);
  return [
    {
      path: ['rd'],
      methods: { POST: (request) => service.register(request) },
      link: {
        target: '/rd',
        attributes: [
          { name: 'rt', value: 'core.rd' },
          { name: 'ct', value: '40' },
        ],
      },
    },
    {
      path: ['rd', '*'],
      methods: { POST: update, PUT: update, DELETE: (request, id) => service.deregister(id, request) },
    },
  ];
}

/** `/.well-known/core`, which lists the routes that have a link (RFC 6690 4). */
export function discoveryRoute(routes: readonly Route[]): Route {
  const links = routes.flatMap(({ link }) => (link === undefined ? [] : [link]));
  return { path: ['.well-known', 'core'], methods: { GET: (request) => wellKnownCore(links, request) } };
}

import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { HttpResponse, IncomingHttpRequest } from '../../cse-client/index.ts';

/** Who understands notifications. */
export interface NotificationListener {
  /** Never rejects: whatever comes, the answer says what was wrong with it. */
  receive(request: IncomingHttpRequest): Promise<HttpResponse>;
  /** A request came that does not know the secret part of the pointOfAccess. */
  stray(): void;
}

/** How the door knows the CSE, and what it takes at most. */
export interface NotificationDoorOptions {
  /** The part of the pointOfAccess that only the CSE knows; it may stand anywhere in a path, for a proxy may add to it. */
  readonly secret: string;
  /** Bytes of a notification; what is larger is refused and found by looking. */
  readonly bodyBytes: number;
}

/**
 * Takes POSTs as NOTIFY of a CSE (TS-0009 6), where the path names the secret of the pointOfAccess; all others are answered
 * 404 as if there were nothing, before their content is read.
 */
export function addNotificationDoor(
  routes: FastifyInstance,
  listener: NotificationListener,
  { secret, bodyBytes }: NotificationDoorOptions,
): void {
  void routes.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: bodyBytes }, (_request, body, done) =>
      done(null, body),
    );
    scope.addHook('onRequest', async (request, reply) => {
      if (addressedPath(request.url, secret) !== undefined) return;
      listener.stray();
      // What is not read would have to be, before the connection could be used again.
      reply.header('connection', 'close').callNotFound();
      await reply;
    });
    scope.post('/*', async (request, reply) => {
      const [, query = ''] = request.url.split('?', 2);
      const path = addressedPath(request.url, secret) ?? '/';
      const body = Buffer.isBuffer(request.body) ? request.body : undefined;
      const answer = await listener.receive({ method: 'POST', path, query, headers: request.headers, body });
      return reply.code(answer.status).headers(answer.headers).send(answer.body);
    });
  });
}

/** What stands behind the secret in the path of a URL; undefined where it does not name the secret. */
function addressedPath(url: string, secret: string): string | undefined {
  const [path = ''] = url.split('?', 1);
  const segments = path.split('/');
  const at = segments.findIndex((segment) => isEqual(segment, secret));
  return at < 0 ? undefined : `/${segments.slice(at + 1).join('/')}`;
}

function isEqual(text: string, secret: string): boolean {
  const [a, b] = [Buffer.from(text), Buffer.from(secret)];
  return a.length === b.length && timingSafeEqual(a, b);
}

import type { FastifyInstance } from 'fastify';
import type { HttpResponse, IncomingHttpRequest } from '../../cse-client/index.ts';

/** Bytes of a notification; what is larger is refused and found by looking. */
const MAX_BODY_BYTES = 1_048_576;

/** Who understands notifications. */
export interface NotificationListener {
  /** Never rejects: whatever comes, the answer says what was wrong with it. */
  receive(request: IncomingHttpRequest): Promise<HttpResponse>;
}

/** Takes every POST as a NOTIFY of a CSE (TS-0009 6): the pointOfAccess of the IPE's AE. Bodies up to 1 MiB. */
export function addNotificationDoor(routes: FastifyInstance, listener: NotificationListener): void {
  void routes.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES }, (_request, body, done) =>
      done(null, body),
    );
    scope.post('/*', async (request, reply) => {
      const [path = '/', query = ''] = request.url.split('?', 2);
      const body = Buffer.isBuffer(request.body) ? request.body : undefined;
      const answer = await listener.receive({ method: 'POST', path, query, headers: request.headers, body });
      return reply.code(answer.status).headers(answer.headers).send(answer.body);
    });
  });
}

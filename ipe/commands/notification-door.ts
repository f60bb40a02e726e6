import type { FastifyInstance } from 'fastify';
import { type HttpResponse, type IncomingHttpRequest, toHttpResponse } from '../../cse-client/index.ts';

/** Bytes of a notification; what is larger is refused and found by looking. */
const MAX_BODY_BYTES = 1_048_576;

const TARGET_NOT_REACHABLE = 5103;

/** Who understands notifications. */
export interface Receiver {
  receive(request: IncomingHttpRequest): HttpResponse;
}

/** Takes every POST as a NOTIFY of a CSE (TS-0009 6): the pointOfAccess of the IPE's AE. Until there is a receiver each is refused with 5103. */
export function addNotificationDoor(routes: FastifyInstance, receiver: () => Receiver | undefined): void {
  void routes.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES }, (_request, body, done) =>
      done(null, body),
    );
    scope.post('/*', async (request, reply) => {
      const [path = '/', query = ''] = request.url.split('?', 2);
      const body = Buffer.isBuffer(request.body) ? request.body : undefined;
      const received: IncomingHttpRequest = { method: 'POST', path, query, headers: request.headers, body };
      const answer = receiver()?.receive(received) ?? toHttpResponse({ rsc: TARGET_NOT_REACHABLE });
      return reply.code(answer.status).headers(answer.headers).send(answer.body);
    });
  });
}

import type { NotificationHandler } from '../coap/notification.ts';
import type { CoapHandler, CoapRequest, CoapResponse, Peer } from '../coap/types.ts';
import type { Registration } from '../registration/registration.ts';
import type { RegistrationRegistry } from '../registration/registry.ts';
import type { Presence } from './presence.ts';

/** Whom messages are from. */
export interface SignsOfLifeParts {
  readonly presence: Presence;
  readonly registrations: Pick<RegistrationRegistry, 'get' | 'byEndpoint'>;
  /** The registration whose address this is. */
  readonly at: (peer: Peer) => Registration | undefined;
  /** The endpoint that was given the token of an observation. */
  readonly observed: (token: Buffer) => string | undefined;
}

/**
 * Tells {@link Presence} of every message of a device, once it has its answer or acknowledgement: whatever waits for the
 * device leaves after that.
 */
export class SignsOfLife {
  readonly #parts: SignsOfLifeParts;

  constructor(parts: SignsOfLifeParts) {
    this.#parts = parts;
  }

  /** The handler, watched. */
  requests(serve: CoapHandler): CoapHandler {
    return (request) => {
      const known = this.#senderOf(request);
      const response = serve(request);
      if (!(response instanceof Promise)) {
        this.#answered(request, response, known);
        return response;
      }
      const release = known === undefined ? undefined : this.#parts.presence.hold(known.endpoint);
      const settled = (answer?: CoapResponse): void => {
        this.#answered(request, answer, known);
        if (release !== undefined) setImmediate(release);
      };
      response.then(settled, () => settled());
      return response;
    };
  }

  /** The handler, watched. */
  notifications(take: NotificationHandler): NotificationHandler {
    return (notification) => {
      const { peer, token } = notification;
      const endpoint = this.#parts.observed(token);
      const sender = endpoint === undefined ? this.#parts.at(peer) : this.#parts.registrations.byEndpoint(endpoint);
      const taken = take(notification);
      const heard = () => {
        if (sender !== undefined) this.#heard(sender.id, peer);
      };
      if (typeof taken === 'boolean') heard();
      else taken.then(heard, heard);
      return taken;
    };
  }

  /** Takes a message that asks for nothing and tells nothing. */
  readonly ping = (peer: Peer): void => {
    const sender = this.#parts.at(peer);
    if (sender !== undefined) this.#heard(sender.id, peer);
  };

  #senderOf({ path, peer }: CoapRequest): Registration | undefined {
    if (path[0] !== 'rd') return this.#parts.at(peer);
    return path.length === 2 ? this.#parts.registrations.get(path[1]!) : undefined;
  }

  #answered({ peer }: CoapRequest, response: CoapResponse | undefined, known: Registration | undefined): void {
    const { locationPath } = response ?? {};
    const id = locationPath?.length === 2 && locationPath[0] === 'rd' ? locationPath[1] : known?.id;
    if (id !== undefined) this.#heard(id, peer);
  }

  /** The answer leaves in this turn of the event loop. Who speaks from another address has not shown who it is. */
  #heard(id: string, { key }: Peer): void {
    const { registrations, presence } = this.#parts;
    const now = registrations.get(id);
    if (now === undefined || !presence.concerns(now)) return;
    setImmediate(() => {
      const registration = registrations.get(id);
      if (registration?.peer.key === key) presence.heard(registration);
    });
  }
}

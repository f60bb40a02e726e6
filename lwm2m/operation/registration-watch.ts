import type { Answer, Refusal, RegistrationHandler } from '../registration/handler.ts';
import type { Registration } from '../registration/registration.ts';

/** What becomes of registrations, for those who have no say in it. */
export interface RegistrationWatcher {
  /** Has an address that `previous` had not, or is new. Told when it is decided, a few steps before it is committed. */
  moved(registration: Registration, previous: Registration | undefined): void;
  /** Has taken the place of another of the endpoint; told after it is committed. */
  replaced(registration: Registration, previous: Registration): void;
  /** Lists other objects or instances since an Update; told after it is committed. */
  relisted(registration: Registration): void;
  /** De-registered or expired; told at once. */
  ended(registration: Registration): void;
}

/** The handler, with someone who looks on; nothing waits for them. */
export function watched(handler: RegistrationHandler, watcher: RegistrationWatcher): RegistrationHandler {
  const registered = (registration: Registration, previous: Registration | undefined, refusal: Refusal | undefined) => {
    if (refusal !== undefined) return;
    watcher.moved(registration, previous);
    if (previous !== undefined) setImmediate(() => watcher.replaced(registration, previous));
  };
  const updated = (registration: Registration, previous: Registration, refusal: Refusal | undefined) => {
    // A refusal of class 5 takes the address over all the same.
    if (refusal !== undefined && !refusal.code.startsWith('5.')) return;
    if (registration.peer !== previous.peer) watcher.moved(registration, previous);
    const relisted = refusal === undefined && registration.objectLinks !== previous.objectLinks;
    if (relisted) setImmediate(() => watcher.relisted(registration));
  };
  return {
    register: (registration, previous) =>
      whenDecided(
        () => handler.register(registration, previous),
        (refusal) => registered(registration, previous, refusal),
      ),
    update: (registration, previous) => {
      const { peer, objectLinks } = registration;
      // Most Updates: there will be nothing to tell.
      if (peer === previous.peer && objectLinks === previous.objectLinks) return handler.update(registration, previous);
      return whenDecided(
        () => handler.update(registration, previous),
        (refusal) => updated(registration, previous, refusal),
      );
    },
    deregister: (registration) => {
      watcher.ended(registration);
      return handler.deregister(registration);
    },
    expire: (registration) => {
      watcher.ended(registration);
      return handler.expire(registration);
    },
  };
}

/** What the device is answered when the handler fails. */
const FAILED: Refusal = Object.freeze({ code: '5.00' });

function whenDecided(ask: () => Answer, conclude: (refusal: Refusal | undefined) => void): Answer {
  let answer: Answer;
  try {
    answer = ask();
  } catch (error) {
    conclude(FAILED);
    throw error;
  }
  if (answer instanceof Promise) {
    answer.then(conclude, () => conclude(FAILED));
  } else {
    conclude(answer);
  }
  return answer;
}

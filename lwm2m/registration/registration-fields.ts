import type { LogFields } from '../../common/index.ts';
import type { Registration } from './registration.ts';

const LENGTH = 10;

/**
 * How logs, and requests made on behalf of a registration, name it: the first characters of its id. They tell it from all
 * others, yet do not give away its path, which is all that a device without security has to show.
 */
export function registrationMark(id: string): string {
  return id.slice(0, LENGTH);
}

/** What every log line about a registered device says of it: by `registration` its story is found. */
export function registrationFields({ endpoint, id }: Pick<Registration, 'endpoint' | 'id'>): LogFields {
  return { endpoint, registration: registrationMark(id) };
}

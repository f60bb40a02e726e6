import type { LogFields } from '../../common/index.ts';
import type { Registration } from './registration.ts';

/** What every log line about a registered device says of it: by `registration` its story is found. */
export function registrationFields({ endpoint, id }: Pick<Registration, 'endpoint' | 'id'>): LogFields {
  return { endpoint, registration: id };
}

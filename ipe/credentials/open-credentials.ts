import type { Clock, Logger } from '../../common/index.ts';
import { CredentialFile } from './credential-file.ts';
import type { CredentialStorage } from './credential-storage.ts';
import { Credentials } from './credentials.ts';

/** The storage behind a name: a plain file. */
function storageOf(name: string, logger: Logger): CredentialStorage {
  return new CredentialFile(name, logger);
}

/** Opens credentials by the name of their file; throws IpeError `credentials/…`. */
export function openCredentials(name: string, clock: Clock, logger: Logger): Credentials {
  return new Credentials({ storage: storageOf(name, logger), clock, logger });
}

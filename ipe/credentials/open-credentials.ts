import type { Clock, Logger } from '../../common/index.ts';
import { CredentialDatabase } from './credential-database.ts';
import { CredentialFile } from './credential-file.ts';
import type { CredentialStorage } from './credential-storage.ts';
import { Credentials } from './credentials.ts';

/** The storage behind a name: one that ends with `.json` is a plain file, any other the folder of a database. */
function storageOf(name: string, logger: Logger): CredentialStorage {
  return name.endsWith('.json') ? new CredentialFile(name, logger) : new CredentialDatabase(name);
}

/** Opens credentials by the name of their file or folder; throws IpeError `credentials/…`. */
export function openCredentials(name: string, clock: Clock, logger: Logger): Credentials {
  return new Credentials({ storage: storageOf(name, logger), clock, logger });
}

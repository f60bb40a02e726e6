import { errorMessage, type Logger } from '../../common/index.ts';
import type { StoredCommand } from './command-record.ts';
import { LmdbStore } from './lmdb-store.ts';
import type { Store } from './store.ts';

/** Keeps what the CSE has not been told of commands, until it has. */
export interface CommandKeeper {
  /** What an earlier run has left of an endpoint. */
  left(endpoint: string): readonly StoredCommand[];
  /** Endpoints of which there is something. */
  endpoints(): string[];
  /** A command has left for the device, or is over. */
  kept(command: StoredCommand): void;
  /** The CSE shows what has become of it. */
  settled(endpoint: string, key: string): void;
  /** The endpoint has left, and its responses with it. */
  forget(endpoint: string): void;
}

/** Keeps commands in a store; undefined for one that forgets everything with the process. */
export function commandRecorder(store: Store, logger: Logger): CommandKeeper | undefined {
  if (!(store instanceof LmdbStore)) return undefined;
  const known = new Map<string, Map<string, StoredCommand>>();
  const note = (command: StoredCommand) => {
    const ofEndpoint = known.get(command.endpoint);
    if (ofEndpoint === undefined) known.set(command.endpoint, new Map([[command.key, command]]));
    else ofEndpoint.set(command.key, command);
  };
  for (const { record } of store.entries('command')) note(record);
  const attempt = (work: () => void) => {
    try {
      work();
    } catch (error) {
      logger.warn('the state of a command was not recorded', { reason: errorMessage(error) });
    }
  };
  const settled = (endpoint: string, key: string) => {
    const ofEndpoint = known.get(endpoint);
    if (ofEndpoint?.delete(key) !== true) return;
    if (ofEndpoint.size === 0) known.delete(endpoint);
    attempt(() => store.remove('command', `${endpoint}\t${key}`));
  };
  return {
    left: (endpoint) => [...(known.get(endpoint)?.values() ?? [])],
    endpoints: () => [...known.keys()],
    kept: (command) => {
      note(command);
      attempt(() => store.put('command', `${command.endpoint}\t${command.key}`, command));
    },
    settled,
    forget: (endpoint) => {
      for (const key of [...(known.get(endpoint)?.keys() ?? [])]) settled(endpoint, key);
    },
  };
}

import { silentLogger } from '../common/index.ts';
import { ObjectModels } from '../lwm2m/index.ts';

/** What a folder of own object definitions holds. */
export interface DefinitionsReport {
  readonly folder: string;
  /** Object versions that count. */
  readonly definitions: number;
  /** What does not count: one line each, with the name of the file. */
  readonly skipped: readonly string[];
}

/** Reads a folder of object definitions as the daemon does; rejects with IpeError `lwm2m/model-folder`. */
export async function inspectDefinitions(folder: string): Promise<DefinitionsReport> {
  const skipped: string[] = [];
  const warn = (message: string, { file, reason }: { file?: unknown; reason?: unknown } = {}): void => {
    const text = String(reason ?? message);
    skipped.push(file === undefined || text.startsWith(`${file}: `) ? text : `${file}: ${text}`);
  };
  const models = await ObjectModels.official().withFolder(folder, { ...silentLogger, warn });
  return { folder, definitions: models.own, skipped };
}

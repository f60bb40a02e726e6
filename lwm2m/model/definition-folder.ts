import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DecodeError, errorMessage, IpeError, type Logger } from '../../common/index.ts';
import type { ObjectDefinition } from './definition.ts';
import { readObjectXml } from './object-xml.ts';

/** Bounds of a folder of own definitions. */
const FOLDER_LIMITS = { files: 2_000, fileBytes: 1_048_576 } as const;

const SKIPPED = 'an object definition is skipped';

/** The object definitions of a folder, by file name; a file that gave none is missing. */
export type FolderDefinitions = ReadonlyMap<string, readonly ObjectDefinition[]>;

/**
 * All object definitions in the `.xml` files of a folder (not of its subfolders), by file name. A file that cannot be
 * read, and an object version that an earlier file has defined, is reported and skipped; a file that can no longer be read
 * stands for what `before` has of it. Rejects with IpeError `lwm2m/model-folder` where the folder itself cannot be read.
 */
export async function readDefinitionFolder(
  folder: string,
  logger: Logger,
  before: FolderDefinitions = new Map(),
): Promise<FolderDefinitions> {
  const defined = new Set<string>();
  const found = new Map<string, readonly ObjectDefinition[]>();
  for (const file of await definitionFiles(folder, logger)) {
    const fresh: ObjectDefinition[] = [];
    for (const definition of await readOrKeep(folder, file, before.get(file) ?? [], logger)) {
      const key = `${definition.id} ${definition.version}`;
      if (defined.has(key)) again(logger, file, definition);
      else fresh.push(definition);
      defined.add(key);
    }
    if (fresh.length > 0) found.set(file, fresh);
  }
  return found;
}

async function readOrKeep(
  folder: string,
  file: string,
  before: readonly ObjectDefinition[],
  logger: Logger,
): Promise<readonly ObjectDefinition[]> {
  try {
    return await readDefinitionFile(folder, file);
  } catch (error) {
    if (!(error instanceof IpeError)) throw error;
    const kept = before.length > 0 ? 'an object definition is kept as it was' : SKIPPED;
    logger.warn(kept, { file, code: error.code, reason: error.message });
    return before;
  }
}

async function definitionFiles(folder: string, logger: Logger): Promise<string[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new IpeError('lwm2m/model-folder', `cannot read the folder of object definitions: ${errorMessage(cause)}`, {
      details: { folder },
      cause,
    });
  });
  const files = names.filter((name) => /^[^.].*\.xml$/i.test(name)).sort();
  if (files.length > FOLDER_LIMITS.files) {
    logger.warn('too many files of object definitions; those after the limit are skipped', {
      folder,
      files: files.length,
      limit: FOLDER_LIMITS.files,
    });
  }
  return files.slice(0, FOLDER_LIMITS.files);
}

/** DecodeError `lwm2m/…`, its message begins with the file name. */
async function readDefinitionFile(folder: string, file: string): Promise<ObjectDefinition[]> {
  try {
    return readObjectXml(decodeUtf8(await readBounded(join(folder, file))));
  } catch (error) {
    const code = error instanceof IpeError ? error.code : 'lwm2m/model-file';
    throw new DecodeError(code, `${file}: ${errorMessage(error)}`);
  }
}

async function readBounded(path: string): Promise<Uint8Array> {
  // Asked before it is opened: opening a named pipe would wait for a writer.
  const file = await stat(path);
  if (!file.isFile()) throw notReadable('not a regular file');
  if (file.size > FOLDER_LIMITS.fileBytes) throw notReadable(`larger than ${FOLDER_LIMITS.fileBytes} bytes`);
  return readFile(path);
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw notReadable('not UTF-8');
  }
}

function notReadable(reason: string): DecodeError {
  return new DecodeError('lwm2m/model-file', reason);
}

function again(logger: Logger, file: string, { id, version }: ObjectDefinition): void {
  logger.warn(SKIPPED, { file, code: 'lwm2m/object-xml', reason: `object ${id} version ${version} again` });
}

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DecodeError, errorMessage, IpeError, type Logger } from '../../common/index.ts';
import type { ObjectDefinition } from './definition.ts';
import { readObjectXml } from './object-xml.ts';

/** Bounds of a folder of own definitions. */
export const FOLDER_LIMITS = { files: 2_000, fileBytes: 1_048_576 } as const;

/**
 * All object definitions in the `.xml` files of a folder (not of its subfolders), by file name. A file that cannot be
 * read, and an object version that an earlier file has defined, is reported and skipped. Rejects with IpeError
 * `lwm2m/model-folder` where the folder itself cannot be read.
 */
export async function readDefinitionFolder(folder: string, logger: Logger): Promise<ObjectDefinition[]> {
  const found = new Map<string, ObjectDefinition>();
  for (const file of await definitionFiles(folder, logger)) {
    try {
      for (const definition of await readDefinitionFile(folder, file)) {
        const key = `${definition.id} ${definition.version}`;
        if (!found.has(key)) found.set(key, definition);
        else report(logger, file, 'lwm2m/object-xml', `object ${definition.id} version ${definition.version} again`);
      }
    } catch (error) {
      if (!(error instanceof IpeError)) throw error;
      report(logger, file, error.code, error.message);
    }
  }
  return [...found.values()];
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

function report(logger: Logger, file: string, code: string, reason: string): void {
  logger.warn('an object definition is skipped', { file, code, reason });
}

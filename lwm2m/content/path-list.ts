import { DecodeError } from '../../common/index.ts';
import { formatPath, type Path } from '../model/path.ts';
import { CborWriter } from './cbor-writer.ts';
import { inexpressible, plainRootPath } from './codec-context.ts';
import { CONTENT_FORMATS } from './content-formats.ts';
import { jsonString } from './json-text.ts';
import { type ContentLimits, DEFAULT_CONTENT_LIMITS } from './limits.ts';
import { joinNames } from './resolved-record.ts';
import { pathOfName } from './resource-path.ts';
import { readSenmlCbor } from './senml-cbor.ts';
import { readSenmlJson } from './senml-json.ts';
import { NAME } from './senml-record.ts';

/** What a list of paths is read with. */
export interface PathListContext {
  readonly rootPath?: string | undefined;
  readonly limits?: Partial<ContentLimits> | undefined;
}

/**
 * The body of Read-Composite and Observe-Composite: SenML records with names only (LwM2M 1.1 6.3.10, 6.4.4); undefined is
 * the root. Throws IpeError `content/format` for a format other than SenML.
 */
export function encodePaths(
  format: number,
  paths: readonly (Path | undefined)[],
  context: PathListContext = {},
): Buffer {
  const root = plainRootPath(context.rootPath);
  const names = paths.map((path) => (path === undefined ? root || '/' : root + formatPath(path)));
  switch (CONTENT_FORMATS.get(format)?.codec) {
    case 'senml-json':
      return Buffer.from(`[${names.map((name) => `{"n":${jsonString(name)}}`).join(',')}]`);
    case 'senml-cbor': {
      const writer = new CborWriter();
      writer.array(names.length);
      for (const name of names) {
        writer.map(1);
        writer.integer(NAME);
        writer.text(name);
      }
      return writer.bytes();
    }
    default:
      throw inexpressible('format', `Content format ${format} holds no list of paths`);
  }
}

/** Reads what encodePaths writes, values left off. Throws DecodeError, for any bytes. */
export function decodePaths(format: number, payload: Uint8Array, context: PathListContext = {}): (Path | undefined)[] {
  const limits = { ...DEFAULT_CONTENT_LIMITS, ...context.limits };
  if (payload.length > limits.bytes) throw new DecodeError('content/limit', 'A payload is too long');
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const codec = CONTENT_FORMATS.get(format)?.codec;
  if (codec !== 'senml-json' && codec !== 'senml-cbor') {
    throw new DecodeError('content/format', `Content format ${format} holds no list of paths`);
  }
  const records = codec === 'senml-json' ? readSenmlJson(bytes, limits) : readSenmlCbor(bytes, limits);
  const root = plainRootPath(context.rootPath);
  let baseName = '';
  const paths: (Path | undefined)[] = [];
  for (const record of records) {
    baseName = record.baseName ?? baseName;
    paths.push(pathOfListed(joinNames(baseName, record.name ?? ''), root));
  }
  return paths;
}

function pathOfListed(name: string, root: string): Path | undefined {
  if (name === '/' || name === root || name === `${root}/`) return undefined;
  const path = pathOfName(root !== '' && name.startsWith(`${root}/`) ? name.slice(root.length) : name);
  if (path === undefined) throw new DecodeError('content/path', 'A name in a list is no path');
  return path;
}

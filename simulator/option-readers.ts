import { readFileSync } from 'node:fs';
import { errorMessage, IpeError } from '../common/index.ts';
import { type CoapCode, LWM2M_VERSIONS, type Lwm2mVersion } from '../lwm2m/index.ts';
import type { ObjectSelection } from './object-tree.ts';
import { OBJECT_CATALOGUE } from './objects/catalogue.ts';
import { FORMAT_NAMES } from './operations/content-formats.ts';

/** Reads whole numbers within bounds. The readers of this file throw `IpeError` `simulator/option` with what is allowed. */
export function whole(flag: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,10}$/.test(text) && value >= least && value <= most) return value;
    throw new IpeError('simulator/option', `${flag}: expected a whole number from ${least} to ${most}, not "${text}"`);
  };
}

/** Reads a version of LwM2M. */
export function version(text: string): Lwm2mVersion {
  const known = LWM2M_VERSIONS.find((each) => each === text);
  if (known) return known;
  throw new IpeError('simulator/option', `--version: expected ${LWM2M_VERSIONS.join(', ')}, not "${text}"`);
}

/** Reads the letters of a binding. */
export function binding(text: string): string {
  if (/^[A-Z]{1,6}$/.test(text)) return text;
  throw new IpeError('simulator/option', `--binding: expected letters such as U or UQ, not "${text}"`);
}

/** `1,3,3303/0,3303/1` as a selection; a number alone is its instance 0. */
export function parseObjects(text: string): ObjectSelection {
  const selection: Record<number, number[]> = {};
  for (const entry of text.split(',')) {
    const [, objectText = '', instanceText = '0'] = /^\s*(\d{1,5})(?:\/(\d{1,5}))?\s*$/.exec(entry) ?? [];
    const objectId = Number(objectText);
    if (objectText === '' || !OBJECT_CATALOGUE.has(objectId)) {
      const known = [...OBJECT_CATALOGUE.keys()].sort((a, b) => a - b).join(', ');
      throw new IpeError('simulator/option', `--objects: expected a list of ${known}, not "${entry.trim()}"`);
    }
    selection[objectId] ??= [];
    if (!selection[objectId].includes(Number(instanceText))) selection[objectId].push(Number(instanceText));
  }
  return selection;
}

/** Reads the name of a content format; `all` is undefined. */
export function format(text: string): number | undefined {
  if (text === 'all' || text in FORMAT_NAMES) return FORMAT_NAMES[text];
  throw new IpeError(
    'simulator/option',
    `--format: expected all or one of ${Object.keys(FORMAT_NAMES).join(', ')}, not "${text}"`,
  );
}

/** Reads a block size (RFC 7959 2.2). */
export function blockSize(text: string): number {
  const sizes = [16, 32, 64, 128, 256, 512, 1024];
  const size = sizes.find((each) => String(each) === text);
  if (size !== undefined) return size;
  throw new IpeError('simulator/option', `--block-size: expected ${sizes.join(', ')}, not "${text}"`);
}

/** Reads the code of an error. */
export function errorCode(text: string): CoapCode {
  if (/^[45]\.\d\d$/.test(text)) return text as CoapCode;
  throw new IpeError('simulator/option', `--refuse-writes: expected a code such as 4.05, not "${text}"`);
}

/** Reads a PSK identity. */
export function identity(text: string): string {
  if (/^[!-~]{1,128}$/.test(text)) return text;
  throw new IpeError('simulator/option', '--identity: expected 1 to 128 printable ASCII characters without blanks');
}

/** Reads a key in hexadecimal, or from the file after `@`. Says nothing of what was given: it may be a key. */
export function presharedKey(text: string): Buffer {
  let hex = text;
  if (text.startsWith('@')) {
    try {
      hex = readFileSync(text.slice(1), 'utf8').trim();
    } catch (error) {
      throw new IpeError('simulator/option', `--psk: ${errorMessage(error)}`, { cause: error });
    }
  }
  if (/^(?:[0-9a-fA-F]{2}){1,64}$/.test(hex)) return Buffer.from(hex, 'hex');
  throw new IpeError('simulator/option', '--psk: expected 1 to 64 bytes in hexadecimal, or @FILE that holds them');
}

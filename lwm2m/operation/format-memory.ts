import { CONTENT_FORMATS } from '../content/content-formats.ts';
import { levels } from '../content/resource-path.ts';
import { formatPath, type Path } from '../model/path.ts';

/** Whether values are asked of a device, or sent to it. */
export type Direction = 'read' | 'write';

/** Per device, more than it has kinds of content; the oldest give way. */
const MOST_ENTRIES = 128;

/** What one device has shown of content formats, so that nothing is asked twice. */
export class FormatMemory {
  /** The last format with room for several resources that the device answered in. */
  seen: number | undefined;
  #proven: Set<string> | undefined;
  #refused: Set<string> | undefined;

  /** True when the format worked for such a path. */
  isProven(direction: Direction, format: number | undefined, path: Path | undefined): boolean {
    return this.#proven?.has(entry(direction, format, path)) ?? false;
  }

  prove(direction: Direction, format: number | undefined, path: Path | undefined): void {
    this.#proven ??= new Set();
    remember(this.#proven, entry(direction, format, path));
  }

  /** True when the device takes the format for no path, or not for such a one. */
  isRefused(direction: Direction, format: number, path: Path | undefined): boolean {
    const refused = this.#refused;
    if (refused === undefined) return false;
    return refused.has(everywhere(direction, format)) || refused.has(entry(direction, format, path));
  }

  /** `definite`: the device said that it is the format; then it holds for all paths, unless it is one for single values. */
  refuse(direction: Direction, format: number, path: Path | undefined, definite: boolean): void {
    this.#refused ??= new Set();
    const all = definite && path !== undefined && CONTENT_FORMATS.get(format)?.single !== true;
    remember(this.#refused, all ? everywhere(direction, format) : entry(direction, format, path));
  }

  /** Takes note of the format of an answer. */
  answered(format: number | undefined): void {
    const row = format === undefined ? undefined : CONTENT_FORMATS.get(format);
    if (row !== undefined && !row.single) this.seen = row.format;
  }
}

function everywhere(direction: Direction, format: number): string {
  return `${direction} ${format}`;
}

/** Formats for several resources differ by level, those for single values by resource: a text is no opaque value. */
function entry(direction: Direction, format: number | undefined, path: Path | undefined): string {
  if (path === undefined) return `${direction} ${format} composite`;
  const single = format !== undefined && CONTENT_FORMATS.get(format)?.single === true;
  return `${direction} ${format} ${single ? formatPath(path) : levels(path)}`;
}

function remember(set: Set<string>, text: string): void {
  set.delete(text);
  set.add(text);
  if (set.size > MOST_ENTRIES) set.delete(set.values().next().value as string);
}

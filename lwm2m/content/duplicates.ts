import { DecodeError } from '../../common/index.ts';
import { formatPath } from '../model/path.ts';
import { comparePaths } from './resource-path.ts';
import type { Node } from './value.ts';

/** Throws DecodeError `content/duplicate` when a path stands twice, in a format without times. */
export function rejectDuplicates(nodes: readonly Node[]): void {
  for (let index = 1; index < nodes.length; index++) {
    if (comparePaths((nodes[index - 1] as Node).path, (nodes[index] as Node).path) < 0) continue;
    const paths = new Set(nodes.map(({ path }) => formatPath(path)));
    if (paths.size < nodes.length) throw new DecodeError('content/duplicate', 'A resource stands twice in a payload');
    return;
  }
}

import { ResourceType } from '../../../cse-client/index.ts';
import { objectName } from '../../../mappings/index.ts';
import type { SeenResource } from './application.ts';
import type { Line } from './line.ts';

const TYPE_NAMES: Readonly<Record<number, string>> = {
  [ResourceType.ae]: '<AE>',
  [ResourceType.container]: '<container>',
  [ResourceType.node]: '<node>',
};
const TYPE_WIDTH = 13;

interface Row {
  readonly branch: string;
  readonly name: string;
  readonly resource: SeenResource;
}

function labelled(resource: SeenResource, prefix: string): string | undefined {
  return resource.labels.find((label) => label.startsWith(prefix))?.slice(prefix.length);
}

function timeOf(expires: string): string {
  return expires.replace(/^\d{8}T(\d\d)(\d\d)(\d\d).*$/, '$1:$2:$3');
}

/** What the application reads of a resource, in a few words. */
function about(resource: SeenResource): string {
  if (resource.type === ResourceType.container) {
    const path = labelled(resource, 'LWM2MURI:') ?? '';
    const name = objectName(Number(path.split('/')[1])) ?? '';
    return `${path.padEnd(8)} ${name}`;
  }
  if (resource.type === ResourceType.node) return `nodeID of ${labelled(resource, 'LWM2MEP:') ?? ''}`;
  const until = resource.expires === undefined ? '' : `, expires ${timeOf(resource.expires)} UTC`;
  return `LwM2M ${labelled(resource, 'LWM2MVER:') ?? '?'}${until}`;
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);
const parentOf = (path: string) => path.slice(0, path.lastIndexOf('/'));
/** A device's node stands below its AE, though its name begins otherwise. */
const order = (resource: SeenResource) =>
  `${labelled(resource, 'LWM2MEP:') ?? ''} ${resource.type === ResourceType.node ? 2 : 1}`;

function compare(one: SeenResource, other: SeenResource): number {
  const options = { numeric: true };
  return order(one).localeCompare(order(other)) || nameOf(one.path).localeCompare(nameOf(other.path), 'en', options);
}

function rowsBelow(parent: string, resources: readonly SeenResource[], indent: string): Row[] {
  const children = resources.filter(({ path }) => parentOf(path) === parent).sort(compare);
  return children.flatMap((resource, index) => {
    const last = index === children.length - 1;
    const row = { branch: `${indent}${last ? '└─ ' : '├─ '}`, name: nameOf(resource.path), resource };
    return [row, ...rowsBelow(resource.path, resources, `${indent}${last ? '   ' : '│  '}`)];
  });
}

/** The resources as a tree under the CSEBase, aligned; those in `fresh` stand out. */
export function treeLines(base: string, resources: readonly SeenResource[], fresh: ReadonlySet<string>): Line[] {
  return [[[base, 'bold']], ...rowLines(rowsBelow(base, resources, ''), fresh, () => [])];
}

/** As `treeLines`, with the containers of a device named on its own line. */
export function shortTreeLines(base: string, resources: readonly SeenResource[], fresh: ReadonlySet<string>): Line[] {
  const isContainer = ({ type }: SeenResource) => type === ResourceType.container;
  const rows = rowsBelow(
    base,
    resources.filter((resource) => !isContainer(resource)),
    '',
  );
  const containersOf = ({ path }: SeenResource) => {
    const children = resources.filter((resource) => isContainer(resource) && parentOf(resource.path) === path);
    return children.sort(compare).map((resource) => nameOf(resource.path));
  };
  return [[[base, 'bold']], ...rowLines(rows, fresh, containersOf)];
}

function rowLines(
  rows: readonly Row[],
  fresh: ReadonlySet<string>,
  containersOf: (resource: SeenResource) => readonly string[],
): Line[] {
  const width = Math.max(0, ...rows.map(({ branch, name }) => branch.length + name.length)) + 2;
  const lines = rows.map(({ branch, name, resource }): Line => {
    const shown = fresh.has(resource.path) ? 'green' : resource.type === ResourceType.ae ? 'bold' : 'plain';
    const containers = containersOf(resource);
    return [
      [branch, 'dim'],
      [name.padEnd(width - branch.length), shown],
      [(TYPE_NAMES[resource.type] ?? '').padEnd(TYPE_WIDTH), 'dim'],
      [about(resource), resource.type === ResourceType.container ? 'cyan' : 'plain'],
      [containers.length > 0 ? `: ${containers.join(' ')}` : '', 'cyan'],
    ];
  });
  return lines.length > 0 ? lines : [[['└─ nothing from LwM2M yet', 'dim']]];
}

/** What came and what went between two looks, by path. */
export function changesBetween(before: readonly SeenResource[], after: readonly SeenResource[]) {
  const old = new Set(before.map(({ path }) => path));
  const now = new Set(after.map(({ path }) => path));
  const sorted = (paths: string[]) => paths.sort((one, other) => one.localeCompare(other, 'en', { numeric: true }));
  return {
    came: sorted([...now].filter((path) => !old.has(path))),
    went: sorted([...old].filter((path) => !now.has(path))),
  };
}

import { ResourceType } from '../../../cse-client/index.ts';
import { objectName } from '../../../mappings/index.ts';
import { holdsValue, type SeenResource } from './application.ts';
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

/** Longest value that is shown whole, characters. */
const VALUE_WIDTH = 32;
/** First number of the objects of sensors and actuators, whose values a tour shows one by one. */
const FIRST_SENSOR_OBJECT = 3200;

function measured({ value, labels }: SeenResource): string {
  if (value === undefined) return labels.includes('LWM2MOP:E') ? '(to execute)' : '(none yet)';
  const unit = labels.find((label) => label.startsWith('LWM2MUNIT:'))?.slice('LWM2MUNIT:'.length);
  const shown = value.length > VALUE_WIDTH ? `${value.slice(0, VALUE_WIDTH)}…` : value;
  return unit === undefined ? shown : `${shown} ${decodeURIComponent(unit)}`;
}

/** What the application reads of a resource, in a few words. */
function about(resource: SeenResource): string {
  if (holdsValue(resource)) {
    return `${decodeURIComponent(labelled(resource, 'LWM2MNAME:') ?? '')} = ${measured(resource)}`;
  }
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

/**
 * The resources as a tree under the CSEBase, aligned; those in `fresh` stand out. The values of sensors and actuators are
 * shown one by one, of everything else how many there are.
 */
export function treeLines(base: string, resources: readonly SeenResource[], fresh: ReadonlySet<string>): Line[] {
  const isSensor = ({ labels }: SeenResource) =>
    labels.some((label) => Number(/^LWM2MURI:\/(\d+)/.exec(label)?.[1]) >= FIRST_SENSOR_OBJECT);
  const shown = resources.filter((resource) => !holdsValue(resource) || isSensor(resource));
  const hidden = (resource: SeenResource) => {
    const values = isSensor(resource) ? [] : resources.filter((one) => holdsValue(one) && isBelow(one, resource));
    return values.length === 0 || resource.type === ResourceType.ae ? [] : [`${values.length} values`];
  };
  return [[[base, 'bold']], ...rowLines(rowsBelow(base, shown, ''), fresh, hidden)];
}

const isBelow = ({ path }: SeenResource, ancestor: SeenResource) => path.startsWith(`${ancestor.path}/`);

/** The main value of an object instance, of sensors and actuators: Sensor Value 5700 or On/Off 5850. */
function mainValue(resource: SeenResource, resources: readonly SeenResource[]): string {
  const main = resources.find(({ path }) => path === `${resource.path}/5700` || path === `${resource.path}/5850`);
  return main?.value === undefined ? '' : `=${measured(main)}`;
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
    return children.sort(compare).map((resource) => nameOf(resource.path) + mainValue(resource, resources));
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

/** What came and what went between two looks, by path; containers of values go with those above them. */
export function changesBetween(before: readonly SeenResource[], after: readonly SeenResource[]) {
  const pathsOf = (seen: readonly SeenResource[]) =>
    new Set(seen.filter((resource) => !holdsValue(resource)).map(({ path }) => path));
  const [old, now] = [pathsOf(before), pathsOf(after)];
  const sorted = (paths: string[]) => paths.sort((one, other) => one.localeCompare(other, 'en', { numeric: true }));
  return {
    came: sorted([...now].filter((path) => !old.has(path))),
    went: sorted([...old].filter((path) => !now.has(path))),
  };
}

import { CseError } from './errors.ts';
import { parseInteger } from './http-parameters.ts';
import { RESOURCE_NAMES } from './primitive.ts';
import type { ChildReference, ResourceMap } from './resources.ts';

type Kind = 'text' | 'integer' | 'boolean' | 'texts' | 'integers' | 'object';

/** What each known attribute must be (TS-0004 8.2.3 for the names, 7.4.x for the types); any other passes as it is. */
const ATTRIBUTE_KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ...kind('text', 'ri', 'rn', 'pi', 'ct', 'lt', 'et', 'cr', 'api', 'aei', 'apn', 'nl', 'or', 'cnf', 'dgt'),
  ...kind('text', 'csi', 'gn', 'ni', 'hcl', 'cstn', 'su'),
  ...kind('integer', 'ty', 'mni', 'mbs', 'mia', 'cni', 'cbs', 'st', 'cs', 'cst', 'mt', 'mnm', 'cnm', 'csy', 'nct'),
  ...kind('integer', 'exc', 'pn'),
  ...kind('boolean', 'rr', 'disr', 'mtv', 'ln'),
  ...kind('texts', 'lbl', 'acpi', 'poa', 'srv', 'csz', 'mid', 'hael', 'nu'),
  ...kind('integers', 'srt'),
  ...kind('object', 'pv', 'pvs', 'enc'),
]);

function kind(of: Kind, ...names: readonly string[]): [string, Kind][] {
  return names.map((name) => [name, of]);
}

/** True for what JSON calls an object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The content of a CREATE or UPDATE (TS-0004 8.4): the attributes under the name of their type. */
export function toRepresentation(ty: keyof ResourceMap, attributes: object): Record<string, unknown> {
  return { [RESOURCE_NAMES[ty] as string]: attributes };
}

/**
 * The resource in an answer's content. Attributes that come as another JSON type but can be read (a lone string for a
 * list, `"3"` for 3) are put right, `null` ones left out. Throws CseError `cse/not-a-cse` for anything else.
 */
export function fromRepresentation<T extends keyof ResourceMap>(ty: T, content: unknown): ResourceMap[T] {
  const name = RESOURCE_NAMES[ty] as string;
  const resource = isObject(content) ? content[name] : undefined;
  if (!isObject(resource)) throw wrong(`an answer without ${name}`);
  for (const attribute of Object.keys(resource)) {
    const value = resource[attribute];
    const expected = ATTRIBUTE_KINDS.get(attribute);
    if (expected !== undefined && !fits(expected, value)) put(resource, attribute, putRight(expected, value), name);
  }
  if (typeof resource.ri !== 'string') throw wrong(`an ${name} without ri`);
  return resource as unknown as ResourceMap[T];
}

function put(resource: Record<string, unknown>, attribute: string, value: unknown, name: string): void {
  if (resource[attribute] === null) delete resource[attribute];
  else if (value === undefined)
    throw wrong(`${attribute} of ${name} is ${JSON.stringify(resource[attribute])?.slice(0, 60)}`);
  else resource[attribute] = value;
}

function fits(expected: Kind, value: unknown): boolean {
  switch (expected) {
    case 'text':
      return typeof value === 'string';
    case 'integer':
      return Number.isSafeInteger(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'texts':
      return Array.isArray(value) && value.every((one) => typeof one === 'string');
    case 'integers':
      return Array.isArray(value) && value.every((one) => Number.isSafeInteger(one));
    case 'object':
      return isObject(value);
  }
}

/** The value as the kind it should have been, or undefined. */
function putRight(expected: Kind, value: unknown): unknown {
  const scalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  switch (expected) {
    case 'text':
      return scalar ? String(value) : undefined;
    case 'integer':
      return typeof value === 'string' ? parseInteger(value) : undefined;
    case 'boolean':
      return value === 'true' || value === 1 ? true : value === 'false' || value === 0 ? false : undefined;
    case 'texts':
      return scalar ? [String(value)] : all(value, (one) => putRight('text', one));
    case 'integers':
      return scalar ? all([value], number) : all(value, number);
    case 'object':
      return undefined;
  }
}

function number(value: unknown): unknown {
  return fits('integer', value) ? value : putRight('integer', value);
}

function all(values: unknown, read: (value: unknown) => unknown): unknown[] | undefined {
  if (!Array.isArray(values)) return undefined;
  const repaired = values.map(read);
  return repaired.includes(undefined) ? undefined : repaired;
}

/** Whether an answer's content holds a whole resource of the type, not only what an UPDATE changed. */
export function hasResource(ty: keyof ResourceMap, content: unknown): boolean {
  const resource = isObject(content) ? content[RESOURCE_NAMES[ty] as string] : undefined;
  return isObject(resource) && resource.ri !== undefined;
}

/** The addresses of a discovery result (`m2m:uril`, TS-0004 7.5.2); older CSEs write them as one string. */
export function fromUriList(content: unknown): string[] {
  const list = isObject(content) ? content['m2m:uril'] : undefined;
  if (typeof list === 'string') return list.split(/\s+/).filter((uri) => uri !== '');
  if (Array.isArray(list) && list.every((uri) => typeof uri === 'string')) return list;
  if (content === undefined || list === null) return [];
  throw wrong('a discovery answer without m2m:uril');
}

/** The references of an answer with `rcn` 6 (`m2m:rrl`, TS-0004 7.5.2); the list may stand in `rrf` or bare. */
export function fromReferenceList(content: unknown): ChildReference[] {
  const list = isObject(content) ? content['m2m:rrl'] : undefined;
  const references = isObject(list) ? (list.rrf ?? []) : list;
  if (content === undefined || references === null) return [];
  if (!Array.isArray(references)) throw wrong('an answer without m2m:rrl');
  return references.map((reference) => {
    const { nm, typ, val } = isObject(reference) ? reference : {};
    const type = number(typ);
    if (typeof nm !== 'string' || typeof val !== 'string' || typeof type !== 'number')
      throw wrong('a malformed m2m:rrl');
    return { name: nm, type, value: val };
  });
}

/** What a refusing CSE says in words (`m2m:dbg`, TS-0004 7.5.2), in one line of at most 300 characters. */
export function debugInfo(content: unknown): string | undefined {
  const text = isObject(content) ? content['m2m:dbg'] : content;
  return typeof text === 'string' ? text.replace(/\s+/g, ' ').trim().slice(0, 300) : undefined;
}

function wrong(problem: string): CseError {
  return new CseError('cse/not-a-cse', problem);
}

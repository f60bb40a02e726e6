import { valueFault } from './attribute-values.ts';
import { Refusal, RSC } from './refusal.ts';
import type { Attributes } from './resource.ts';
import type { TypeRow } from './resource-types.ts';

const MAX_DEPTH = 64;

/** Checks the attributes of a CREATE or UPDATE against the table of their type; throws Refusal 4000. */
export function checkAttributes(type: TypeRow, given: Attributes, when: 'create' | 'update'): void {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(type.attributes, name)) {
      throw new Refusal(RSC.badRequest, `unknown attribute: ${name.slice(0, 100)} in resource: ${type.name}`);
    }
  }
  for (const [name, row] of Object.entries(type.attributes)) {
    const present = Object.hasOwn(given, name);
    if (!present && (when === 'update' || row.create !== 'M')) continue;
    const value = given[name];
    if (value === undefined || value === null) {
      if (present && !row.removable) throw bad(`cannot delete a mandatory attribute: ${name}`);
      if (present && row[when] === 'NP') throw bad(`attribute: ${name} is NP for operation`);
      if (when === 'create' && row.create === 'M') throw bad(`cannot find mandatory attribute in request: ${name}`);
      continue;
    }
    if (row[when] === 'NP') throw bad(`found non-provision attribute: ${name}`);
    const fault = valueFault(row.value, value);
    if (fault !== undefined) throw bad(`attribute ${name}: ${fault}`);
  }
}

/** The one member of a primitive content that represents a resource; throws Refusal where it is none of this type. */
export function representationOf(pc: unknown, type: TypeRow, wrongCode: number): Attributes {
  if (typeof pc !== 'object' || pc === null || Array.isArray(pc)) {
    throw new Refusal(wrongCode, 'the primitive content is no representation');
  }
  const names = Object.keys(pc);
  const attributes = (pc as Attributes)[type.name];
  if (names.length !== 1 || typeof attributes !== 'object' || attributes === null || Array.isArray(attributes)) {
    throw new Refusal(wrongCode, `expected ${type.name}, is: ${names.slice(0, 3).join(', ').slice(0, 100)}`);
  }
  if (depth(attributes, 0) > MAX_DEPTH) throw bad('the content is nested too deeply');
  return attributes as Attributes;
}

/** `given` without what is null, as CREATE stores it. */
export function withoutNulls(given: Attributes): Attributes {
  const kept: Attributes = {};
  for (const [name, value] of Object.entries(given)) if (value !== null && value !== undefined) kept[name] = value;
  return kept;
}

function depth(value: unknown, at: number): number {
  if (typeof value !== 'object' || value === null || at > MAX_DEPTH) return at;
  let deepest = at;
  for (const member of Object.values(value)) deepest = Math.max(deepest, depth(member, at + 1));
  return deepest;
}

function bad(message: string): Refusal {
  return new Refusal(RSC.badRequest, message);
}

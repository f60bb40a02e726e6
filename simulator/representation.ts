import type { ResourceContent, ResourceType, ResourceValue } from './objects/definition.ts';

/** Content-Formats that a simulated device writes (IANA CoRE parameters). */
export const TEXT = 0;
export const LINK_FORMAT = 40;
export const OPAQUE = 42;
export const SENML_JSON = 110;
export const LWM2M_JSON = 11543;

/** A value and the path of what it belongs to, relative to the base of the answer. */
export interface Entry {
  readonly path: string;
  readonly content: ResourceContent;
}

/** A single value as text (LwM2M 1.0 6.4.1). */
export function textOf(value: ResourceValue): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  return Buffer.isBuffer(value) ? value.toString('base64') : String(value);
}

/** The value that a text writes; undefined where it is none of the type. */
export function valueOfText(text: string, type: ResourceType): ResourceValue | undefined {
  switch (type) {
    case 'string':
      return text;
    case 'boolean':
      return text === '1' ? true : text === '0' ? false : undefined;
    case 'integer':
    case 'time':
      return /^[+-]?\d{1,15}$/.test(text) ? Number(text) : undefined;
    case 'float':
      return /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
    case 'opaque':
      return Buffer.from(text, 'base64');
  }
}

/** SenML JSON (RFC 8428): the base name in the first record only. */
export function senmlJson(base: string, entries: readonly Entry[]): string {
  const records = singles(entries).map(([name, value]) => ({
    ...(name === '' ? {} : { n: name }),
    ...jsonValue(value, { number: 'v', text: 'vs', flag: 'vb', bytes: 'vd', encoding: 'base64url' }),
  }));
  const [first, ...others] = records;
  return JSON.stringify([{ bn: base, ...first }, ...others]);
}

/** LwM2M JSON (LwM2M 1.0 6.4.4). */
export function lwm2mJson(base: string, entries: readonly Entry[]): string {
  const e = singles(entries).map(([name, value]) => ({
    n: name,
    ...jsonValue(value, { number: 'v', text: 'sv', flag: 'bv', bytes: 'sv', encoding: 'base64' }),
  }));
  return JSON.stringify({ bn: base, e });
}

interface JsonNames {
  readonly number: string;
  readonly text: string;
  readonly flag: string;
  readonly bytes: string;
  readonly encoding: 'base64' | 'base64url';
}

function jsonValue(value: ResourceValue, names: JsonNames): Record<string, string | number | boolean> {
  if (Buffer.isBuffer(value)) return { [names.bytes]: value.toString(names.encoding) };
  if (typeof value === 'number') return { [names.number]: value };
  return typeof value === 'boolean' ? { [names.flag]: value } : { [names.text]: value };
}

/** Whether a content is the values of a multiple resource. */
export function isMultiple(content: ResourceContent): content is ReadonlyMap<number, ResourceValue> {
  return content instanceof Map;
}

function singles(entries: readonly Entry[]): [name: string, value: ResourceValue][] {
  return entries.flatMap(({ path, content }) =>
    isMultiple(content)
      ? [...content].map(([id, value]): [string, ResourceValue] => [path === '' ? String(id) : `${path}/${id}`, value])
      : [[path, content]],
  );
}

import type { Lwm2mVersion } from '../lwm2m/index.ts';
import type { ObjectTree } from './object-tree.ts';
import { OBJECT_CATALOGUE } from './objects/catalogue.ts';
import { formatsOf } from './operations/content-formats.ts';
import type { DeviceOptions } from './options.ts';

/** How a version of LwM2M writes a Register. */
interface RegistrationForm {
  /** Where queue mode stands: the letter Q in the binding (1.0 5.3.1.1) or the parameter `Q` (1.1 6.2.1). */
  readonly queueMode: 'letter' | 'parameter';
  /** Whether `b` is sent when it says no more than UDP; it may be left out (1.2 6.2.1). */
  readonly defaultBinding: boolean;
  /** Whether `ver` is quoted, as clients of 1.0 do. */
  readonly quotedVersion: boolean;
}

const FORMS: Readonly<Record<Lwm2mVersion, RegistrationForm>> = {
  '1.0': { queueMode: 'letter', defaultBinding: true, quotedVersion: true },
  '1.1': { queueMode: 'parameter', defaultBinding: true, quotedVersion: false },
  '1.2': { queueMode: 'parameter', defaultBinding: false, quotedVersion: false },
};

/** The first of the object IDs that needed no registration with OMA: nobody takes these for an object that he knows. */
const PRIVATE_OBJECTS = 26241;

/** The binding as object 1 shows it, and as version 1.0 sends it: Q after U (1.0 5.3.1.1). */
export function bindingWithQ(options: Pick<DeviceOptions, 'binding' | 'queueMode'>): string {
  return options.queueMode ? options.binding.replace('U', 'UQ') : options.binding;
}

/** Uri-Query of a Register, one entry a parameter (LwM2M 1.1 6.2.1, 1.0 5.3.1). */
export function registerQuery(options: DeviceOptions, lifetime: number): string[] {
  const form = FORMS[options.version];
  const { rawBinding, extraQuery } = options.misbehaviour;
  const letter = form.queueMode === 'letter';
  const binding = rawBinding ?? (letter ? bindingWithQ(options) : options.binding);
  const query = [`lwm2m=${options.version}`, `ep=${options.endpoint}`, `lt=${lifetime}`];
  if (rawBinding !== undefined || form.defaultBinding || binding !== 'U') query.push(`b=${binding}`);
  if (options.queueMode && !letter && rawBinding === undefined) query.push('Q');
  if (options.smsNumber !== undefined) query.push(`sms=${options.smsNumber}`);
  return [...query, ...extraQuery];
}

/** The list of objects and instances in CoRE Link Format (RFC 6690), as Register and Update carry it. */
export function objectLinks(options: DeviceOptions, tree: ObjectTree): string {
  const form = FORMS[options.version];
  const root = options.rootPath === '' ? '' : `/${options.rootPath}`;
  const { told } = formatsOf(options.version, options.format);
  const formats = told.length > 1 ? `"${told.join(' ')}"` : told.join('');
  const links = [`<${root || '/'}>;rt="oma.lwm2m";ct=${formats}`];
  for (const objectId of tree.objectIds()) {
    const version = OBJECT_CATALOGUE.get(objectId)?.versions[options.version];
    const instances = tree.instances(objectId) ?? [];
    const quote = form.quotedVersion ? '"' : '';
    if (version !== undefined) links.push(`<${root}/${objectId}>;ver=${quote}${version}${quote}`);
    else if (instances.length === 0) links.push(`<${root}/${objectId}>`);
    for (const { instanceId } of instances) links.push(`<${root}/${objectId}/${instanceId}>`);
  }
  for (let index = 0; index < options.extraObjects; index += 1) links.push(`<${root}/${PRIVATE_OBJECTS + index}/0>`);
  return links.join(',');
}

/** The payload that goes out: the link list, or what the device sends in its place. */
export function linkPayload(options: DeviceOptions, tree: ObjectTree): string {
  const { badPayload } = options.misbehaviour;
  if (typeof badPayload === 'string') return badPayload;
  return badPayload ? '</1/0>,</3/0>,</3303/' : objectLinks(options, tree);
}

/** Content-Format of that payload; undefined: the option is not sent. */
export function linkContentFormat(options: DeviceOptions): number | undefined {
  const { contentFormat = 40 } = options.misbehaviour;
  return contentFormat === 'none' ? undefined : contentFormat;
}

import type { ObjectLink, ObjectLinks } from '../lwm2m/index.ts';
import { objectUrn } from './objects.ts';

/** Which series of labels resources carry. */
export interface LabelSettings {
  /** `LWM2M…:` labels (TS-0014 6.2.2.2, 6.3.2). */
  readonly lwm2m: boolean;
  /** `Iwked-…:` labels, the generic series of the oneM2M interworking specifications. */
  readonly interworking: boolean;
  /** Labels of the operator's own on every resource. */
  readonly extra: readonly string[];
}

/** Media types of the content formats that a device may list in `ct` (facts of IANA's CoAP Content-Formats registry). */
const CONTENT_FORMATS: Readonly<Record<number, string>> = {
  0: 'text/plain',
  40: 'application/link-format',
  42: 'application/octet-stream',
  50: 'application/json',
  60: 'application/cbor',
  110: 'application/senml+json',
  112: 'application/senml+cbor',
  320: 'application/senml-etch+json',
  322: 'application/senml-etch+cbor',
  1542: 'application/vnd.oma.lwm2m+tlv',
  1543: 'application/vnd.oma.lwm2m+json',
  11542: 'application/vnd.oma.lwm2m+tlv',
  11543: 'application/vnd.oma.lwm2m+json',
  11544: 'application/vnd.oma.lwm2m+cbor',
};

/** The default of TS-0014 6.3.2 for a device that lists no content format. */
const DEFAULT_CONTENT_FORMAT = 'application/vnd.oma.lwm2m+tlv';

/** Printable ASCII without a blank and without the percent sign. */
const PLAIN_VALUE = /^[!-$&-~]*$/;

/**
 * A value that every CSE stores and finds: printable ASCII as it is, blanks and all else percent-encoded, since a label
 * with a blank cannot be searched on ACME and Mobius4.
 */
export function labelValue(text: string): string {
  if (PLAIN_VALUE.test(text)) return text;
  let value = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const plain = byte > 0x20 && byte < 0x7f && byte !== 0x25;
    value += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return value;
}

/** The label that names an endpoint, on each of its resources. */
export function endpointLabel(endpoint: string): string {
  return ENDPOINT_LABEL + labelValue(endpoint);
}

const ENDPOINT_LABEL = 'LWM2MEP:';

/** The endpoint that one of the labels names; undefined where none does. */
export function endpointOfLabels(labels: readonly string[]): string | undefined {
  for (const label of labels) {
    if (!label.startsWith(ENDPOINT_LABEL)) continue;
    try {
      const endpoint = decodeURIComponent(label.slice(ENDPOINT_LABEL.length));
      if (endpointLabel(endpoint) === label) return endpoint;
    } catch {
      // Not one that we have written.
    }
  }
  return undefined;
}

/** The label that tells which IPE made a resource, by its AE-ID; on everything that it makes below an endpoint's AE, too. */
export function ipeLabel(originator: string): string {
  return `LWM2MIPE:${labelValue(originator)}`;
}

/** Labels of an endpoint's AE and node (TS-0014 table 6.2.2.2-3): the literal, and each fact to be searched whole. */
export function endpointLabels(endpoint: string, version: string, settings: LabelSettings): string[] {
  return [
    ...(settings.lwm2m ? [`LWM2M Client: ${version}`, `LWM2MVER:${version}`] : []),
    endpointLabel(endpoint),
    ...(settings.interworking ? ['Iwked-Technology:LWM2M', `Iwked-Entity-ID:${labelValue(endpoint)}`] : []),
    ...settings.extra,
  ];
}

/** Labels of the container of an object or object instance (TS-0014 6.3.2). */
export function containerLabels(
  endpoint: string,
  link: ObjectLink,
  objectLinks: ObjectLinks,
  settings: LabelSettings,
): string[] {
  const { before, after } = labelsOfLink(link, objectLinks, settings);
  return [...before, endpointLabel(endpoint), ...after];
}

/** What a link's labels are before and after that of the endpoint. */
interface LinkLabels {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** Devices of one kind list the same links, and share them: their labels are made once. */
const madeLabels = new WeakMap<LabelSettings, WeakMap<ObjectLink, { of: ObjectLinks; labels: LinkLabels }>>();

function labelsOfLink(link: ObjectLink, objectLinks: ObjectLinks, settings: LabelSettings): LinkLabels {
  let made = madeLabels.get(settings);
  if (made === undefined) {
    made = new WeakMap();
    madeLabels.set(settings, made);
  }
  const known = made.get(link);
  if (known?.of === objectLinks) return known.labels;
  const labels = makeLinkLabels(link, objectLinks, settings);
  made.set(link, { of: objectLinks, labels });
  return labels;
}

function makeLinkLabels(link: ObjectLink, objectLinks: ObjectLinks, settings: LabelSettings): LinkLabels {
  const urn = objectUrn(link.objectId);
  const path = linkPath(link);
  const before: string[] = [];
  if (settings.lwm2m) {
    before.push(`LWM2MRT:${urn}`);
    if (link.version !== undefined) before.push(`LWM2MRT:${urn}:${link.version}`);
    before.push(`LWM2MPTH:${labelValue(objectLinks.rootPath)}`, `LWM2MURI:${path}`);
    for (const name of contentFormatNames(objectLinks)) before.push(`LWM2MCT:${name}`);
  }
  const interworking = ['Iwked-Technology:LWM2M', `Iwked-Entity-Type:${urn}`, `Iwked-Entity-ID:${path}`];
  return { before, after: [...(settings.interworking ? interworking : []), ...settings.extra] };
}

/** Path of a link under the root path, `/3303/0` or `/5`. */
function linkPath(link: ObjectLink): string {
  return link.instanceId === undefined ? `/${link.objectId}` : `/${link.objectId}/${link.instanceId}`;
}

function contentFormatNames(objectLinks: ObjectLinks): readonly string[] {
  const names = new Set<string>();
  for (const format of objectLinks.contentFormats) names.add(CONTENT_FORMATS[format] ?? String(format));
  for (const name of objectLinks.contentFormatNames) names.add(labelValue(name));
  return names.size > 0 ? [...names] : [DEFAULT_CONTENT_FORMAT];
}

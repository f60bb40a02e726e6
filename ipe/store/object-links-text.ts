import {
  decodeObjectLinks,
  type Link,
  type LinkAttribute,
  type ObjectLinks,
  printLinkFormat,
} from '../../lwm2m/index.ts';

/** Texts remembered; beyond them all are forgotten. */
const MOST_REMEMBERED = 4_096;

const texts = new WeakMap<ObjectLinks, string>();
const values = new Map<string, ObjectLinks>();

/**
 * Object links as CoRE Link Format, in the reading of `decodeObjectLinks`: devices of one kind share the value, hence also
 * the text.
 */
export function objectLinksText(objectLinks: ObjectLinks): string {
  let text = texts.get(objectLinks);
  if (text === undefined) {
    text = printLinkFormat([...root(objectLinks), ...links(objectLinks)]);
    texts.set(objectLinks, text);
  }
  return text;
}

/** The object links of such a text, one value for all that have the same. Throws DecodeError. */
export function parseObjectLinksText(text: string): ObjectLinks {
  const known = values.get(text);
  if (known !== undefined) return known;
  const objectLinks = decodeObjectLinks(Buffer.from(text));
  if (values.size >= MOST_REMEMBERED) values.clear();
  values.set(text, objectLinks);
  return objectLinks;
}

function root({ rootPath, contentFormats, contentFormatNames }: ObjectLinks): Link[] {
  const formats = [...contentFormats, ...contentFormatNames];
  if (rootPath === '/' && formats.length === 0) return [];
  const attributes: LinkAttribute[] = [{ name: 'rt', value: 'oma.lwm2m' }];
  if (formats.length > 0) attributes.push({ name: 'ct', value: formats.join(' ') });
  return [{ target: rootPath, attributes }];
}

/** Without the root path, as `decodeObjectLinks` also reads them: that keeps the text well below what it may be. */
function links({ links }: ObjectLinks): Link[] {
  return links.map(({ objectId, instanceId, version }) => ({
    target: instanceId === undefined ? `/${objectId}` : `/${objectId}/${instanceId}`,
    attributes: version === undefined ? [] : [{ name: 'ver', value: version }],
  }));
}

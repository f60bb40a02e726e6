import { isUtf8 } from 'node:buffer';
import { DecodeError } from '../../common/index.ts';

/** One target attribute of a link. A flag such as `hb` has no value (RFC 6690 2). */
export interface LinkAttribute {
  /** In lower case: parameter names do not distinguish case (RFC 5988 5). */
  readonly name: string;
  /** Without quotes and escapes; `rt=a` and `rt="a"` are the same. */
  readonly value?: string;
}

/** One link of a CoRE Link Format document. */
export interface Link {
  /** The URI reference between `<` and `>`, as sent. */
  readonly target: string;
  /** In the order sent. */
  readonly attributes: readonly LinkAttribute[];
}

/** What a document may hold at most; lengths of its parts in characters. */
export const LINK_FORMAT_LIMITS = {
  bytes: 65_536,
  links: 1_000,
  attributes: 32,
  target: 1_024,
  name: 64,
  value: 1_024,
} as const;

const QUOTE = 0x22;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const LESS = 0x3c;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const BACKSLASH = 0x5c;
const NAME = /^[A-Za-z0-9!#$&+\-.^_`|~]+\*?$/;

/**
 * Reads CoRE Link Format (RFC 6690 2): quoted and bare values, flags, blanks around commas and semicolons, the empty
 * document. Throws `DecodeError` `lwm2m/link-format` for anything else, with the offset in characters.
 */
export function parseLinkFormat(payload: Uint8Array): readonly Link[] {
  if (payload.length > LINK_FORMAT_LIMITS.bytes) throw refused(`longer than ${LINK_FORMAT_LIMITS.bytes} bytes`, 0);
  if (!isUtf8(payload)) throw refused('not UTF-8', 0);
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('utf8');
  return new LinkScanner(text).links();
}

/** Writes CoRE Link Format; values that are not plain numbers are quoted (RFC 6690 2). */
export function printLinkFormat(links: readonly Link[]): string {
  return links.map((link) => `<${link.target}>${link.attributes.map(printAttribute).join('')}`).join(',');
}

/** The first attribute of that name; later ones do not count (RFC 6690 3.1). */
export function linkAttribute(link: Link, name: string): LinkAttribute | undefined {
  return link.attributes.find((attribute) => attribute.name === name);
}

function printAttribute({ name, value }: LinkAttribute): string {
  if (value === undefined) return `;${name}`;
  return /^\d+$/.test(value) ? `;${name}=${value}` : `;${name}="${value.replace(/["\\]/g, '\\$&')}"`;
}

function refused(reason: string, offset: number): DecodeError {
  return new DecodeError('lwm2m/link-format', `link format: ${reason} at character ${offset}`, offset);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a;
}

function isControl(code: number): boolean {
  return code < 0x20 || code === 0x7f;
}

/** Walks once over the text; every length is known before a part is copied out. */
class LinkScanner {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  links(): Link[] {
    const links: Link[] = [];
    this.skipBlanks();
    if (this.ended()) return links;
    for (;;) {
      if (links.length === LINK_FORMAT_LIMITS.links)
        throw refused(`more than ${LINK_FORMAT_LIMITS.links} links`, this.at);
      links.push(this.link());
      if (this.ended()) return links;
      this.expect(COMMA, 'expected "," or ";"');
      this.skipBlanks();
    }
  }

  private link(): Link {
    this.expect(LESS, 'expected "<"');
    const target = this.cut(this.endOfTarget(), LINK_FORMAT_LIMITS.target, 'target');
    this.at += 1;
    const attributes: LinkAttribute[] = [];
    this.skipBlanks();
    while (this.text.charCodeAt(this.at) === SEMICOLON) {
      this.at += 1;
      this.skipBlanks();
      if (attributes.length === LINK_FORMAT_LIMITS.attributes) throw refused('too many attributes', this.at);
      attributes.push(this.attribute());
      this.skipBlanks();
    }
    return { target, attributes };
  }

  private attribute(): LinkAttribute {
    const name = this.cut(this.endOfToken(true), LINK_FORMAT_LIMITS.name, 'attribute name');
    if (!NAME.test(name)) throw refused('expected an attribute name', this.at);
    const lowerCase = name.toLowerCase();
    if (this.text.charCodeAt(this.at) !== EQUALS) return { name: lowerCase };
    this.at += 1;
    const quoted = this.text.charCodeAt(this.at) === QUOTE;
    return { name: lowerCase, value: quoted ? this.quotedValue() : this.bareValue() };
  }

  private bareValue(): string {
    return this.cut(this.endOfToken(false), LINK_FORMAT_LIMITS.value, 'value');
  }

  private quotedValue(): string {
    this.at += 1;
    let end = this.at;
    let escaped = false;
    for (let code = this.text.charCodeAt(end); code !== QUOTE; code = this.text.charCodeAt(end)) {
      if (code === BACKSLASH) {
        escaped = true;
        end += 1;
        code = this.text.charCodeAt(end);
      }
      if (Number.isNaN(code)) throw refused('unfinished quoted value', end);
      if (isControl(code) && code !== 0x09) throw refused('control character', end);
      end += 1;
    }
    const value = this.cut(end, LINK_FORMAT_LIMITS.value, 'value');
    this.at += 1;
    return escaped ? value.replace(/\\(.)/gsu, '$1') : value;
  }

  private endOfTarget(): number {
    let end = this.at;
    for (;;) {
      const code = this.text.charCodeAt(end);
      if (code === GREATER) return end;
      if (Number.isNaN(code)) throw refused('unfinished target', end);
      if (isControl(code) || code === 0x20 || code === LESS || code === QUOTE)
        throw refused('bad character in target', end);
      end += 1;
    }
  }

  /** The end of a name or a bare value; a bare value may hold `=`, a name ends there. */
  private endOfToken(name: boolean): number {
    let end = this.at;
    for (;;) {
      const code = this.text.charCodeAt(end);
      if (Number.isNaN(code) || code === COMMA || code === SEMICOLON || isBlank(code)) return end;
      if (name && code === EQUALS) return end;
      if (isControl(code) || code === QUOTE || code === BACKSLASH) throw refused('bad character in attribute', end);
      end += 1;
    }
  }

  private cut(end: number, limit: number, part: string): string {
    if (end - this.at > limit) throw refused(`${part} longer than ${limit} characters`, this.at);
    const piece = this.text.slice(this.at, end);
    this.at = end;
    return piece;
  }

  private expect(code: number, reason: string): void {
    if (this.text.charCodeAt(this.at) !== code) throw refused(reason, this.at);
    this.at += 1;
  }

  private skipBlanks(): void {
    while (isBlank(this.text.charCodeAt(this.at))) this.at += 1;
  }

  private ended(): boolean {
    return this.at >= this.text.length;
  }
}

import { type SaxesAttributePlain, SaxesParser } from 'saxes';
import { DecodeError, errorMessage, IpeError } from '../../common/index.ts';

/** An element of a small XML document; `text` is its own character data, CDATA included, joined and trimmed. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

/** Bounds of a document: characters, depth, elements, attributes of one element. */
const XML_LIMITS = { characters: 1_048_576, depth: 12, elements: 40_000, attributes: 16 } as const;

interface OpenElement {
  readonly name: string;
  readonly attributes: Map<string, string>;
  readonly children: XmlElement[];
  text: string;
}

/**
 * Reads a well-formed XML 1.0 document into its root element. A document type declaration is refused, so there are no
 * entities but the five of XML itself. DecodeError `lwm2m/xml` for everything that is not well-formed or too large.
 */
export function parseXml(text: string): XmlElement {
  if (text.length > XML_LIMITS.characters) {
    throw new DecodeError('lwm2m/xml', `longer than ${XML_LIMITS.characters} characters`);
  }
  const builder = new TreeBuilder();
  try {
    builder.read(text);
  } catch (error) {
    throw error instanceof IpeError ? error : new DecodeError('lwm2m/xml', errorMessage(error).slice(0, 200));
  }
  if (builder.root === undefined) throw new DecodeError('lwm2m/xml', 'no root element');
  return builder.root;
}

class TreeBuilder {
  root: XmlElement | undefined;
  readonly #parser = new SaxesParser();
  readonly #open: OpenElement[] = [];
  #attributes = new Map<string, string>();
  #elements = 0;

  constructor() {
    const parser = this.#parser;
    parser.on('error', (error) => {
      throw error;
    });
    parser.on('doctype', () => this.#refuse('a document type declaration is not allowed'));
    parser.on('opentagstart', () => this.#opening());
    parser.on('attribute', (attribute) => this.#attribute(attribute));
    parser.on('opentag', ({ name }) => this.#opened(name));
    parser.on('text', (text) => this.#characters(text));
    parser.on('cdata', (text) => this.#characters(text));
    parser.on('closetag', () => this.#closed());
  }

  read(text: string): void {
    this.#parser.write(text).close();
  }

  #opening(): void {
    this.#attributes = new Map();
    this.#elements += 1;
    if (this.#elements > XML_LIMITS.elements) this.#refuse(`more than ${XML_LIMITS.elements} elements`);
    if (this.#open.length === XML_LIMITS.depth) this.#refuse(`nested deeper than ${XML_LIMITS.depth} elements`);
  }

  #attribute({ name, value }: SaxesAttributePlain): void {
    this.#attributes.set(name, value);
    if (this.#attributes.size > XML_LIMITS.attributes) {
      this.#refuse(`more than ${XML_LIMITS.attributes} attributes on one element`);
    }
  }

  #opened(name: string): void {
    this.#open.push({ name, attributes: this.#attributes, children: [], text: '' });
  }

  #characters(text: string): void {
    const element = this.#open.at(-1);
    if (element) element.text += text;
  }

  #closed(): void {
    const closed = this.#open.pop() as OpenElement;
    const element: XmlElement = { ...closed, text: closed.text.trim() };
    const parent = this.#open.at(-1);
    if (parent) parent.children.push(element);
    else this.root = element;
  }

  #refuse(reason: string): never {
    throw new DecodeError('lwm2m/xml', `${this.#parser.line}:${this.#parser.column}: ${reason}`);
  }
}

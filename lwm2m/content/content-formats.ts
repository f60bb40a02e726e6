/** The codec behind a content format. */
export type Codec =
  | 'text'
  | 'links'
  | 'opaque'
  | 'cbor'
  | 'senml-json'
  | 'senml-cbor'
  | 'tlv'
  | 'lwm2m-json'
  | 'lwm2m-cbor';

/** One row of the content formats that LwM2M uses. */
export interface ContentFormat {
  /** The CoAP Content-Format number (RFC 7252 12.3). */
  readonly format: number;
  readonly mediaType: string;
  readonly codec: Codec;
  /** The LwM2M version that brought it. */
  readonly since: '1.0' | '1.1' | '1.2';
  /** True when a payload holds exactly one resource or resource instance. */
  readonly single: boolean;
  /** True when the payload is UTF-8 text. */
  readonly text: boolean;
  /** True when values carry the time at which they held. */
  readonly timed: boolean;
}

type Row = readonly [format: number, mediaType: string, codec: Codec, since: ContentFormat['since']];

const ROWS: readonly Row[] = [
  // LwM2M 1.0.2 6.4, 1.1 and 1.2 7.4
  [0, 'text/plain', 'text', '1.0'],
  [40, 'application/link-format', 'links', '1.0'],
  [42, 'application/octet-stream', 'opaque', '1.0'],
  [60, 'application/cbor', 'cbor', '1.1'],
  [110, 'application/senml+json', 'senml-json', '1.1'],
  [112, 'application/senml+cbor', 'senml-cbor', '1.1'],
  [11542, 'application/vnd.oma.lwm2m+tlv', 'tlv', '1.0'],
  [11543, 'application/vnd.oma.lwm2m+json', 'lwm2m-json', '1.0'],
  [11544, 'application/vnd.oma.lwm2m+cbor', 'lwm2m-cbor', '1.2'],
  // RFC 8790: bodies of FETCH and iPATCH
  [320, 'application/senml-etch+json', 'senml-json', '1.1'],
  [322, 'application/senml-etch+cbor', 'senml-cbor', '1.1'],
  // from before the registration with IANA; old clients still use them
  [1542, 'application/vnd.oma.lwm2m+tlv', 'tlv', '1.0'],
  [1543, 'application/vnd.oma.lwm2m+json', 'lwm2m-json', '1.0'],
];

const SINGLE: ReadonlySet<Codec> = new Set(['text', 'links', 'opaque', 'cbor']);
const TEXT: ReadonlySet<Codec> = new Set(['text', 'links', 'senml-json', 'lwm2m-json']);
const TIMED: ReadonlySet<Codec> = new Set(['senml-json', 'senml-cbor', 'lwm2m-json']);

function contentFormat([format, mediaType, codec, since]: Row): ContentFormat {
  return {
    format,
    mediaType,
    codec,
    since,
    single: SINGLE.has(codec),
    text: TEXT.has(codec),
    timed: TIMED.has(codec),
  };
}

/** Content formats by their number. */
export const CONTENT_FORMATS: ReadonlyMap<number, ContentFormat> = new Map(
  ROWS.map((row) => [row[0], contentFormat(row)]),
);

/** One content format of LwM2M as contentInfo of a contentInstance. */
export interface ContentInformation {
  /** CoAP Content-Format number. */
  readonly format: number;
  /** `media/type:encoding` (TS-0004 6.3.3); encoding 0 plain, 2 base64 of binary (TS-0004 6.3.4.2.28). */
  readonly contentInfo: string;
  /** The payload is UTF-8 text and stands in `con` as it is; else as base64. */
  readonly text: boolean;
}

/** contentInfo of each content format (TS-0014 table 7.2-1); what came before IANA's numbers is the same media type. */
export const CONTENT_INFORMATION: readonly ContentInformation[] = [
  { format: 0, contentInfo: 'text/plain:0', text: true },
  { format: 40, contentInfo: 'application/link-format:0', text: true },
  { format: 42, contentInfo: 'application/octet-stream:2', text: false },
  { format: 60, contentInfo: 'application/cbor:2', text: false },
  { format: 110, contentInfo: 'application/senml+json:0', text: true },
  { format: 112, contentInfo: 'application/senml+cbor:2', text: false },
  { format: 320, contentInfo: 'application/senml-etch+json:0', text: true },
  { format: 322, contentInfo: 'application/senml-etch+cbor:2', text: false },
  { format: 11542, contentInfo: 'application/vnd.oma.lwm2m+tlv:2', text: false },
  { format: 11543, contentInfo: 'application/vnd.oma.lwm2m+json:0', text: true },
  { format: 11544, contentInfo: 'application/vnd.oma.lwm2m+cbor:2', text: false },
  { format: 1542, contentInfo: 'application/vnd.oma.lwm2m+tlv:2', text: false },
  { format: 1543, contentInfo: 'application/vnd.oma.lwm2m+json:0', text: true },
];

const byFormat: ReadonlyMap<number, ContentInformation> = new Map(CONTENT_INFORMATION.map((row) => [row.format, row]));

/** contentInfo of a content format; one that the table does not know is some binary. */
export function contentInformation(format: number): ContentInformation {
  return byFormat.get(format) ?? { format, contentInfo: 'application/octet-stream:2', text: false };
}

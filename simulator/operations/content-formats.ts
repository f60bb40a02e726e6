import { CONTENT_FORMATS, type Lwm2mVersion } from '../../lwm2m/index.ts';

/** Content-Formats that stand for something here (IANA CoRE parameters). */
export const TEXT = 0;
export const LINK_FORMAT = 40;
export const OPAQUE = 42;
export const CBOR = 60;
export const SENML_JSON = 110;
export const SENML_CBOR = 112;
export const TLV = 11542;
export const LWM2M_JSON = 11543;
export const LWM2M_CBOR = 11544;

/** Bodies of FETCH and iPATCH (RFC 8790); they are read as SenML. */
const ETCH: Readonly<Record<number, number>> = { 320: SENML_JSON, 322: SENML_CBOR };

/** Names of the formats that hold several values, as the command line has them. */
export const FORMAT_NAMES: Readonly<Record<string, number>> = {
  'senml-json': SENML_JSON,
  'senml-cbor': SENML_CBOR,
  tlv: TLV,
  'lwm2m-json': LWM2M_JSON,
  'lwm2m-cbor': LWM2M_CBOR,
};

/** What a client of each version speaks beside text and opaque (LwM2M 1.0 6.4, 1.1 and 1.2 7.4); its usual one first. */
const SPOKEN: Readonly<Record<Lwm2mVersion, readonly number[]>> = {
  '1.0': [TLV, LWM2M_JSON],
  '1.1': [SENML_JSON, CBOR, SENML_CBOR, TLV, LWM2M_JSON],
  '1.2': [SENML_JSON, CBOR, SENML_CBOR, TLV, LWM2M_JSON, LWM2M_CBOR],
};

/** The content formats of one device. */
export interface Formats {
  /** What it reads and writes. */
  readonly spoken: ReadonlySet<number>;
  /** What it writes several values in when nobody asks for a format. */
  readonly usual: number;
  /** Value of `ct` in its list of objects. */
  readonly told: readonly number[];
}

/** The formats of a version; `only`: that one instead of all that hold several values. */
export function formatsOf(version: Lwm2mVersion, only: number | undefined): Formats {
  const several = only === undefined ? SPOKEN[version] : [only];
  const told = version === '1.0' && only === undefined ? [LWM2M_JSON] : [...several].sort((a, b) => a - b);
  return { spoken: new Set([TEXT, OPAQUE, ...several]), usual: several[0] as number, told };
}

/** The format of a body: the SenML one for that of FETCH and iPATCH; undefined for what the device does not speak. */
export function spokenFormat(formats: Formats, format: number): number | undefined {
  const meant = ETCH[format] ?? format;
  return formats.spoken.has(meant) ? meant : undefined;
}

/** True for SenML, the only format of composite operations (LwM2M 1.1 6.3.8). */
export function isSenml(format: number): boolean {
  return format === SENML_JSON || format === SENML_CBOR;
}

/** True for formats that hold exactly one value. */
export function isSingle(format: number): boolean {
  return CONTENT_FORMATS.get(format)?.single === true;
}

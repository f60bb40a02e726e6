import type { Node, Value } from '../../../lwm2m/content/value.ts';
import { type Path, parsePath } from '../../../lwm2m/model/path.ts';

/** A payload of a specification and what it says. */
export interface Vector {
  /** The clause, and what is shown there. */
  readonly name: string;
  readonly format: number;
  readonly base: string | undefined;
  readonly payload: Buffer;
  readonly nodes: readonly Node[];
  /** True when our encoder chooses the same bytes. */
  readonly canonical: boolean;
}

/** Nodes from `[path, value, time?]`. */
export function nodes(...rows: readonly (readonly [path: string, value: Value, time?: number])[]): Node[] {
  return rows.map(([path, value, time]) =>
    time === undefined ? { path: parsePath(path), value } : { path: parsePath(path), value, time },
  );
}

/** The bytes of hexadecimal digits with blanks. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replace(/\s+/g, ''), 'hex');
}

export function baseOf(base: string | undefined): Path | undefined {
  return base === undefined ? undefined : parsePath(base);
}

const DEVICE = nodes(
  ['/3/0/0', 'Open Mobile Alliance'],
  ['/3/0/1', 'Lightweight M2M Client'],
  ['/3/0/2', '345000123'],
  ['/3/0/3', '1.0'],
  ['/3/0/6/0', 1],
  ['/3/0/6/1', 5],
  ['/3/0/7/0', 3800],
  ['/3/0/7/1', 5000],
  ['/3/0/8/0', 125],
  ['/3/0/8/1', 900],
  ['/3/0/9', 100],
  ['/3/0/10', 15],
  ['/3/0/11/0', 0],
  ['/3/0/13', 1367491215],
  ['/3/0/14', '+02:00'],
  ['/3/0/16', 'U'],
);

const DEVICE_TLV = `C8 00 14 4F 70 65 6E 20 4D 6F 62 69 6C 65 20 41 6C 6C 69 61 6E 63 65
  C8 01 16 4C 69 67 68 74 77 65 69 67 68 74 20 4D 32 4D 20 43 6C 69 65 6E 74
  C8 02 09 33 34 35 30 30 30 31 32 33 C3 03 31 2E 30 86 06 41 00 01 41 01 05
  88 07 08 42 00 0E D8 42 01 13 88 87 08 41 00 7D 42 01 03 84 C1 09 64 C1 0A 0F 83 0B 41 00 00
  C4 0D 51 82 42 8F C6 0E 2B 30 32 3A 30 30 C1 10 55`;

const DEVICE_ENTRIES = (text: string): string => `{"n":"0","${text}":"Open Mobile Alliance"},
  {"n":"1","${text}":"Lightweight M2M Client"},{"n":"2","${text}":"345000123"},{"n":"3","${text}":"1.0"},
  {"n":"6/0","v":1},{"n":"6/1","v":5},{"n":"7/0","v":3800},{"n":"7/1","v":5000},{"n":"8/0","v":125},
  {"n":"8/1","v":900},{"n":"9","v":100},{"n":"10","v":15},{"n":"11/0","v":0},{"n":"13","v":1367491215},
  {"n":"14","${text}":"+02:00"},{"n":"16","${text}":"U"}`;

const ACCESS_CONTROL = nodes(
  ['/2/0/0', 1],
  ['/2/0/1', 0],
  ['/2/0/2/127', 7],
  ['/2/0/3', 127],
  ['/2/2/0', 3],
  ['/2/2/1', 0],
  ['/2/2/2/127', 7],
  ['/2/2/2/310', 1],
  ['/2/2/3', 127],
);

const LINKS = nodes(
  ['/65/0/0/0', { objectId: 66, instanceId: 0 }],
  ['/65/0/0/1', { objectId: 66, instanceId: 1 }],
  ['/65/0/1', '8613800755500'],
  ['/65/0/2', 0x12345678],
);

const SERVICES = nodes(
  ['/66/0/0', 'myService 1'],
  ['/66/0/1', 'Internet.15.234'],
  ['/66/0/2', { objectId: 67, instanceId: 0 }],
  ['/66/1/0', 'myService 2'],
  ['/66/1/1', 'Internet.15.235'],
  ['/66/1/2', { objectId: 65_535, instanceId: 65_535 }],
);

export const TLV_VECTORS: readonly Vector[] = [
  {
    name: 'LwM2M 1.0.2 6.4.3.1: Read /3/0, an array of resource TLVs',
    format: 11542,
    base: '/3/0',
    payload: hex(DEVICE_TLV),
    nodes: DEVICE,
    canonical: true,
  },
  {
    name: 'LwM2M 1.0.2 6.4.3.2 A: Read /3, one object instance TLV',
    format: 11542,
    base: '/3',
    payload: hex(`08 00 79 ${DEVICE_TLV}`),
    nodes: DEVICE,
    canonical: true,
  },
  {
    name: 'LwM2M 1.0.2 6.4.3.2 B: Read /2, two object instance TLVs',
    format: 11542,
    base: '/2',
    payload: hex(`08 00 0E C1 00 01 C1 01 00 83 02 41 7F 07 C1 03 7F
      08 02 12 C1 00 03 C1 01 00 87 02 41 7F 07 61 01 36 01 C1 03 7F`),
    nodes: ACCESS_CONTROL,
    canonical: true,
  },
  {
    name: 'LwM2M 1.0.2 6.4.3.2 C: Read /1, one instance of an object with several',
    format: 11542,
    base: '/1',
    payload: hex('08 00 0F C1 00 01 C4 01 00 01 51 80 C1 06 01 C1 07 55'),
    nodes: nodes(['/1/0/0', 1], ['/1/0/1', 86_400], ['/1/0/6', true], ['/1/0/7', 'U']),
    canonical: true,
  },
  {
    name: 'LwM2M 1.0.2 6.4.3.3: Read /65/0, links to other instances',
    format: 11542,
    base: '/65/0',
    payload: hex(
      '88 00 0C 44 00 00 42 00 00 44 01 00 42 00 01 C8 01 0D 38 36 31 33 38 30 30 37 35 35 35 30 30 C4 02 12 34 56 78',
    ),
    nodes: LINKS,
    canonical: true,
  },
  {
    name: 'LwM2M 1.0.2 6.4.3.3: Read /66, the null link',
    format: 11542,
    base: '/66',
    payload:
      hex(`08 00 26 C8 00 0B 6D 79 53 65 72 76 69 63 65 20 31 C8 01 0F 49 6E 74 65 72 6E 65 74 2E 31 35 2E 32 33 34
      C4 02 00 43 00 00 08 01 26 C8 00 0B 6D 79 53 65 72 76 69 63 65 20 32 C8 01 0F 49 6E 74 65 72 6E 65 74 2E 31 35 2E
      32 33 35 C4 02 FF FF FF FF`),
    nodes: SERVICES,
    canonical: true,
  },
];

export const LWM2M_JSON_VECTORS: readonly Vector[] = [
  {
    name: 'LwM2M 1.0.2 6.4.4: Read /3/0 with a base name',
    format: 11543,
    base: '/3/0',
    payload: Buffer.from(`{"bn":"/3/0/","e":[${DEVICE_ENTRIES('sv').replace(/\n\s*/g, '')}]}`),
    nodes: DEVICE,
    canonical: true,
  },
  {
    name: 'LwM2M 1.0 6.4.4: Read /3/0 with names relative to the request',
    format: 11543,
    base: '/3/0',
    payload: Buffer.from(`{"e":[${DEVICE_ENTRIES('sv')}]}`),
    nodes: DEVICE,
    canonical: false,
  },
  {
    name: 'LwM2M 1.0.2 6.4.4: Notify of /72/1/2, historical values relative to a base time, brought in order',
    format: 11543,
    base: '/72',
    payload: Buffer.from(
      '{"bn":"/72/","e":[{"n":"1/2","v":22.4,"t":-5},{"n":"1/2","v":22.9,"t":-30},{"n":"1/2","v":24.1,"t":-50}],"bt":25462634}',
    ),
    nodes: nodes(
      ['/72/1/2', 24.1, 25_462_584_000],
      ['/72/1/2', 22.9, 25_462_604_000],
      ['/72/1/2', 22.4, 25_462_629_000],
    ),
    canonical: false,
  },
];

export const SENML_VECTORS: readonly Vector[] = [
  {
    name: 'LwM2M 1.1 7.4.5: Read /3/0 in SenML JSON',
    format: 110,
    base: '/3/0',
    payload: Buffer.from(`[{"bn":"/3/0/",${DEVICE_ENTRIES('vs').slice(1).replace(/\n\s*/g, '')}]`),
    nodes: DEVICE,
    canonical: true,
  },
  {
    name: 'LwM2M 1.1 7.4.6: Read /3/0 in SenML CBOR',
    format: 112,
    base: '/3/0',
    payload: hex(`90 a3 21 65 2f332f302f 00 61 30 03 74 4f70656e204d6f62696c6520416c6c69616e6365
      a2 00 61 31 03 76 4c69676874776569676874204d324d20436c69656e74 a2 00 61 32 03 69 333435303030313233
      a2 00 61 33 03 63 312e30 a2 00 63 362f30 02 01 a2 00 63 362f31 02 05 a2 00 63 372f30 02 19 0ed8
      a2 00 63 372f31 02 19 1388 a2 00 63 382f30 02 18 7d a2 00 63 382f31 02 19 0384 a2 00 61 39 02 18 64
      a2 00 62 3130 02 0f a2 00 64 31312f30 02 00 a2 00 62 3133 02 1a 5182428f a2 00 62 3134 03 66 2b30323a3030
      a2 00 62 3136 03 61 55`),
    nodes: DEVICE,
    canonical: true,
  },
  {
    name: 'after LwM2M 1.1 7.4.5: Read /65/0, links under vlo (our base name)',
    format: 110,
    base: '/65/0',
    payload: Buffer.from(
      '[{"bn":"/65/0/","n":"0/0","vlo":"66:0"},{"n":"0/1","vlo":"66:1"},{"n":"1","vs":"8613800755500"},{"n":"2","v":305419896}]',
    ),
    nodes: LINKS,
    canonical: true,
  },
  {
    name: 'LwM2M 1.1 7.4.6: a link in SenML CBOR stands under the text label vlo',
    format: 112,
    base: '/65/0/0/0',
    payload: hex('81 A2 00 69 2F36352F302F302F30 63 766C6F 64 36363A30'),
    nodes: nodes(['/65/0/0/0', { objectId: 66, instanceId: 0 }]),
    canonical: false,
  },
];

export const LWM2M_CBOR_VECTORS: readonly Vector[] = [
  {
    name: 'LwM2M 1.2 7.4.4.4: the map of a Server instance (the maps around it are ours)',
    format: 11544,
    base: '/1',
    payload: hex('A1 01 A1 00 A7 00 18 65 01 1A 00015180 02 19 012C 03 19 1770 05 1A 00015180 06 F5 07 61 55'),
    nodes: nodes(
      ['/1/0/0', 101],
      ['/1/0/1', 86_400],
      ['/1/0/2', 300],
      ['/1/0/3', 6000],
      ['/1/0/5', 86_400],
      ['/1/0/6', true],
      ['/1/0/7', 'U'],
    ),
    canonical: true,
  },
];

/** Every vector that stands in a specification. */
export const VECTORS: readonly Vector[] = [
  ...TLV_VECTORS,
  ...LWM2M_JSON_VECTORS,
  ...SENML_VECTORS,
  ...LWM2M_CBOR_VECTORS,
];

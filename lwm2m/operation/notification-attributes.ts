import { levels } from '../content/resource-path.ts';
import type { Path } from '../model/path.ts';
import type { Lwm2mVersion } from '../registration/registration.ts';

/** Attributes of class NOTIFICATION; null takes one back at its level (LwM2M 1.1 5.1.2, 1.2 7.3.2). */
export interface NotificationAttributes {
  /** Seconds between notifications at least. */
  readonly pmin?: number | null;
  /** Seconds between notifications at most. */
  readonly pmax?: number | null;
  /** Greater than: notify when the value crosses it. */
  readonly gt?: number | null;
  /** Less than: notify when the value crosses it. */
  readonly lt?: number | null;
  /** Step: notify when the value changed by this much. */
  readonly st?: number | null;
  /** Seconds between evaluations at least. */
  readonly epmin?: number | null;
  /** Seconds between evaluations at most. */
  readonly epmax?: number | null;
  /** Notify on the falling (0) or rising (1) edge. */
  readonly edge?: number | null;
  /** Notify by CON messages (1) or as the device likes (0). */
  readonly con?: number | null;
  /** Values that are kept while the device is offline. */
  readonly hqmax?: number | null;
}

/** The name of a notification attribute. */
export type AttributeName = keyof NotificationAttributes;

/** One notification attribute as the specification has it. */
export interface AttributeRow {
  readonly name: AttributeName;
  readonly value: 'whole' | 'decimal' | 'bit';
  /** Levels of a path that may carry it: 1 object, 2 instance, 3 resource, 4 resource instance. */
  readonly levels: readonly number[];
  readonly since: Lwm2mVersion;
  readonly clause: string;
}

const ANY = [1, 2, 3, 4] as const;
const RESOURCE = [3, 4] as const;

/** Notification attributes of all versions. */
export const NOTIFICATION_ATTRIBUTES: readonly AttributeRow[] = [
  { name: 'pmin', value: 'whole', levels: ANY, since: '1.0', clause: 'LwM2M 1.0 5.1.2, 1.1 5.1.2' },
  { name: 'pmax', value: 'whole', levels: ANY, since: '1.0', clause: 'LwM2M 1.0 5.1.2, 1.1 5.1.2' },
  { name: 'gt', value: 'decimal', levels: RESOURCE, since: '1.0', clause: 'LwM2M 1.0 5.1.2, 1.1 5.1.2' },
  { name: 'lt', value: 'decimal', levels: RESOURCE, since: '1.0', clause: 'LwM2M 1.0 5.1.2, 1.1 5.1.2' },
  { name: 'st', value: 'decimal', levels: RESOURCE, since: '1.0', clause: 'LwM2M 1.0 5.1.2, 1.1 5.1.2' },
  { name: 'epmin', value: 'whole', levels: ANY, since: '1.1', clause: 'LwM2M 1.1 5.1.2' },
  { name: 'epmax', value: 'whole', levels: ANY, since: '1.1', clause: 'LwM2M 1.1 5.1.2' },
  { name: 'edge', value: 'bit', levels: RESOURCE, since: '1.2', clause: 'LwM2M 1.2 7.3.2' },
  { name: 'con', value: 'bit', levels: ANY, since: '1.2', clause: 'LwM2M 1.2 7.3.2' },
  { name: 'hqmax', value: 'whole', levels: ANY, since: '1.2', clause: 'LwM2M 1.2 7.3.2' },
];

const ROWS: ReadonlyMap<string, AttributeRow> = new Map(NOTIFICATION_ATTRIBUTES.map((row) => [row.name, row]));

/** The row of an attribute; undefined when there is no such one. */
export function attributeRow(name: string): AttributeRow | undefined {
  return ROWS.get(name);
}

/** Why a device would refuse these attributes at this path; undefined when it should take them. */
export function attributesFault(
  attributes: NotificationAttributes,
  path: Path,
  version: Lwm2mVersion,
): string | undefined {
  const names = Object.keys(attributes).filter((name) => attributes[name as AttributeName] !== undefined);
  if (names.length === 0) return 'no attribute is named';
  for (const name of names) {
    const row = ROWS.get(name);
    if (row === undefined) return 'there is no such notification attribute';
    if (row.since > version) return `${name} needs LwM2M ${row.since}, the device speaks ${version}`;
    if (!row.levels.includes(levels(path))) return `${name} belongs to a resource`;
    const value = attributes[row.name];
    if (value !== null && !fits(row, value as number)) return `${name} cannot have that value`;
  }
  return contradiction(attributes);
}

/** The Uri-Query of Write-Attributes; an attribute without value is taken back (LwM2M 1.1 5.1.2). */
export function attributesQuery(attributes: NotificationAttributes): string[] {
  return NOTIFICATION_ATTRIBUTES.flatMap(({ name }) => {
    const value = attributes[name];
    if (value === undefined) return [];
    return [value === null ? name : `${name}=${decimalText(value)}`];
  });
}

/** The attribute that a link or query names with this text; undefined when it is none. */
export function readAttribute(row: AttributeRow, text: string): number | undefined {
  if (!/^[+-]?\d{1,20}(?:\.\d{0,20})?$/.test(text)) return undefined;
  const value = Number(text);
  return fits(row, value) ? value : undefined;
}

function fits({ value: kind }: AttributeRow, value: number): boolean {
  if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  if (kind === 'bit') return value === 0 || value === 1;
  return kind === 'decimal' || (Number.isSafeInteger(value) && value >= 0);
}

/** LwM2M 1.1 5.1.2: pmin <= pmax; lt < gt and lt + 2 * st < gt. */
function contradiction({ pmin, pmax, epmin, epmax, gt, lt, st }: NotificationAttributes): string | undefined {
  if (pmin != null && pmax != null && pmin > pmax) return 'pmin is above pmax';
  if (epmin != null && epmax != null && epmin > epmax) return 'epmin is above epmax';
  if (st != null && st <= 0) return 'st is not above 0';
  if (gt == null || lt == null) return undefined;
  if (lt >= gt) return 'lt is not below gt';
  return st != null && lt + 2 * st >= gt ? 'lt + 2 * st is not below gt' : undefined;
}

/** Decimal notation, without the exponent that devices do not read. */
function decimalText(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  return Math.abs(value) >= 1 ? BigInt(value).toString() : value.toFixed(20).replace(/\.?0+$/, '');
}

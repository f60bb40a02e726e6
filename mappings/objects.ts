import { OBJECT_ROWS, type ObjectRow } from './objects.generated.ts';

const byId: ReadonlyMap<number, ObjectRow> = new Map(OBJECT_ROWS.map((row) => [row[0], row]));

/** First object number of each class where the registry does not know the object (OMNA, LwM2M object number ranges). */
const URN_RANGES = [
  { from: 0, urnClass: 'oma' },
  { from: 2048, urnClass: 'ext' },
  { from: 10241, urnClass: 'x' },
] as const;

/** The registered URN of an object, e.g. `urn:oma:lwm2m:ext:3303` (TS-0014 6.3.2); by its range where it is unknown. */
export function objectUrn(objectId: number): string {
  const urnClass = byId.get(objectId)?.[1] ?? URN_RANGES.findLast(({ from }) => objectId >= from)?.urnClass ?? 'x';
  return `urn:oma:lwm2m:${urnClass}:${objectId}`;
}

/** The registered name of an object, e.g. `Temperature`, or undefined for one that the registry does not know. */
export function objectName(objectId: number): string | undefined {
  return byId.get(objectId)?.[2];
}

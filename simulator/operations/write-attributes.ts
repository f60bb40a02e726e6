import { type Lwm2mVersion, NOTIFICATION_ATTRIBUTES } from '../../lwm2m/index.ts';
import type { Attributes } from './attribute-store.ts';
import { type Answered, BAD_REQUEST, type Managed, NOT_ALLOWED } from './managed.ts';
import { levelOf, type Target } from './target.ts';

const DECIMAL = /^[+-]?\d{1,20}(?:\.\d{0,20})?$/;
const NUMERIC: ReadonlySet<string> = new Set(['integer', 'unsigned', 'float', 'time']);
const OF_NUMBERS: ReadonlySet<string> = new Set(['gt', 'lt', 'st']);

/** Write-Attributes (LwM2M 1.1 6.3.4): all of the query or, with 4.00, nothing of it. */
export function writeAttributes(managed: Managed, target: Target, query: readonly string[]): Answered {
  const merged: Record<string, number> = { ...managed.attributes.at(target.path) };
  for (const parameter of query) {
    const [name = '', text] = parameter.split('=', 2);
    const row = NOTIFICATION_ATTRIBUTES.find((each) => each.name === name);
    if (!row || row.since > managed.version || !row.levels.includes(levelOf(target.path))) return BAD_REQUEST;
    if (OF_NUMBERS.has(name) && !NUMERIC.has(target.resource?.type ?? '')) return BAD_REQUEST;
    if (text === undefined) {
      delete merged[name];
      continue;
    }
    const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
    const fits = row.value === 'decimal' || (Number.isInteger(value) && value >= 0);
    if (Number.isNaN(value) || !fits || (row.value === 'bit' && value > 1)) return BAD_REQUEST;
    merged[name] = value;
  }
  if (target.resource && !target.resource.operations.includes('R')) return NOT_ALLOWED;
  if (contradicts(merged)) return BAD_REQUEST;
  managed.attributes.set(target.path, merged);
  return { code: '2.04', effects: [{ type: 'attributes-written', path: target.path }] };
}

/** The attributes as parameters of a link (LwM2M 1.1 6.3.2), e.g. `;pmin=10;gt=42.2`. */
export function attributeParameters(attributes: Attributes, version: Lwm2mVersion): string {
  return NOTIFICATION_ATTRIBUTES.filter(({ name, since }) => attributes[name] !== undefined && since <= version)
    .map(({ name }) => `;${name}=${attributes[name]}`)
    .join('');
}

/** LwM2M 1.1 5.1.2: lt < gt, and lt + 2 * st < gt; pmin above pmax is ignored by nobody, so it is refused. */
function contradicts({ pmin, pmax, gt, lt, st }: Attributes): boolean {
  if (pmin !== undefined && pmax !== undefined && pmax > 0 && pmin > pmax) return true;
  if (st !== undefined && st <= 0) return true;
  if (gt === undefined || lt === undefined) return false;
  return lt >= gt || (st !== undefined && lt + 2 * st >= gt);
}

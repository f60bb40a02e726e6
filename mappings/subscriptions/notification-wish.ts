/** What an application wishes of the notifications of a device (LwM2M 1.1 5.1.2). */
export interface NotificationWish {
  /** Minimum period, whole seconds. */
  readonly pmin?: number;
  /** Maximum period, whole seconds. */
  readonly pmax?: number;
  /** Greater than: notify when the value crosses it. */
  readonly gt?: number;
  /** Less than: notify when the value crosses it. */
  readonly lt?: number;
  /** Step: notify when the value has changed by it. */
  readonly st?: number;
}

/** An attribute of a wish, by the name that LwM2M gives it. */
export type WishName = keyof NotificationWish;

interface WishForm {
  readonly pattern: RegExp;
  readonly least: number;
}

const PERIOD: WishForm = { pattern: /^\d{1,10}$/, least: 0 };
const THRESHOLD: WishForm = { pattern: /^-?\d{1,20}(\.\d{1,20})?$/, least: Number.NEGATIVE_INFINITY };
const STEP: WishForm = { pattern: /^\d{1,20}(\.\d{1,20})?$/, least: Number.MIN_VALUE };

/** How each attribute is written (LwM2M 1.0 5.4.2, 1.1 7.3.2). */
const FORMS: Readonly<Record<WishName, WishForm>> = {
  pmin: PERIOD,
  pmax: PERIOD,
  gt: THRESHOLD,
  lt: THRESHOLD,
  st: STEP,
};
const NAMES = Object.keys(FORMS) as WishName[];

/** What stands before a wish on the `<subscription>` of an application: `LWM2MATTR:pmin=10`, one attribute a label. */
export const WISH_LABEL = 'LWM2MATTR:';
/** Labels that are looked at; more are no wishes. */
const MOST_LABELS = 100;

/** The wish that labels express, and what of them was no wish, in words; that part is left out. */
export function readWish(labels: readonly unknown[]): { readonly wish: NotificationWish; readonly problems: string[] } {
  const problems: string[] = [];
  const read: Partial<Record<WishName, number>> = {};
  const ambiguous = new Set<WishName>();
  for (const label of labels.slice(0, MOST_LABELS)) {
    if (typeof label !== 'string' || !label.startsWith(WISH_LABEL)) continue;
    const [name = '', text = ''] = label.slice(WISH_LABEL.length).split('=', 2);
    const value = attributeValue(name, text);
    if (value === undefined) problems.push(`${label.slice(0, 80)} is no attribute`);
    else if (read[name as WishName] !== undefined && read[name as WishName] !== value) ambiguous.add(name as WishName);
    else read[name as WishName] = value;
  }
  for (const name of ambiguous) {
    problems.push(`${name} is given twice`);
    delete read[name];
  }
  return { wish: coherent(read, problems), problems };
}

/** The labels of a wish. */
export function wishLabels(wish: NotificationWish): string[] {
  return NAMES.flatMap((name) => (wish[name] === undefined ? [] : [`${WISH_LABEL}${name}=${decimal(wish[name])}`]));
}

/** LwM2M 1.1 5.1.2: lt below gt, and two steps between them. */
export function conditionsContradict({ gt, lt, st }: NotificationWish): boolean {
  return gt !== undefined && lt !== undefined && (lt >= gt || lt + 2 * (st ?? 0) >= gt);
}

function attributeValue(name: string, text: string): number | undefined {
  if (!Object.hasOwn(FORMS, name)) return undefined;
  const { pattern, least } = FORMS[name as WishName];
  const value = pattern.test(text) ? Number(text) : Number.NaN;
  return value >= least ? value : undefined;
}

/** Leaves out what contradicts itself, since a device would refuse the whole. */
function coherent(wish: NotificationWish, problems: string[]): NotificationWish {
  const { pmin, pmax, gt, lt, st, ...none } = wish;
  const late = pmin !== undefined && pmax !== undefined && pmin > pmax;
  if (late) problems.push('pmin is above pmax');
  const crossed = conditionsContradict(wish);
  if (crossed) problems.push('lt and gt, or st between them, contradict each other');
  return {
    ...none,
    ...(late ? {} : defined({ pmin, pmax })),
    ...(crossed ? {} : defined({ gt, lt, st })),
  };
}

function defined(wish: Readonly<Partial<Record<WishName, number | undefined>>>): NotificationWish {
  return Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined));
}

/** Without an exponent, as LwM2M writes numbers. */
function decimal(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(20).replace(/\.?0+$/, '') : text;
}

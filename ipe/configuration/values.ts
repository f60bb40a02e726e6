import * as z from 'zod';

/** A span of time in milliseconds. */
export type Milliseconds = number & z.$brand<'milliseconds'>;
/** A span of time in whole seconds, as LwM2M counts lifetimes. */
export type Seconds = number & z.$brand<'seconds'>;

/** Milliseconds of a day. */
export const DAY = 86_400_000;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: DAY };
const DURATION = /^\d{1,12}(\.\d{1,3})?(ms|s|m|h|d)?$/;

/** How a duration is written, for the `allowed` texts. */
export const DURATION_FORMS = 'a number of seconds, or a number with the unit ms, s, m, h or d (500ms, 10s, 5m)';

/** Reads a duration in seconds or with its unit; the result is in milliseconds. */
export function milliseconds(value: number | string): number {
  const text = String(value);
  const unit = /[a-z]+$/.exec(text)?.[0] ?? 's';
  return Math.round(Number.parseFloat(text) * (UNITS[unit] ?? Number.NaN));
}

/** A duration within limits given in milliseconds: `10`, `'10s'`, `'500ms'`; parses to milliseconds. */
export function duration(minimum: number, maximum: number) {
  return z
    .union([z.number().nonnegative(), z.string().regex(DURATION)])
    .transform(milliseconds)
    .refine((value) => value >= minimum && value <= maximum)
    .transform((value) => value as Milliseconds);
}

/** Whole seconds within limits. */
export function seconds(minimum: number, maximum: number) {
  return whole(minimum, maximum).transform((value) => value as Seconds);
}

/** A whole number within limits. */
export function whole(minimum: number, maximum: number) {
  return z.int().min(minimum).max(maximum);
}

/** A port; 0 takes any free one. */
export const port = () => whole(0, 65_535);
export const PORT_ALLOWED = 'a whole number from 0 to 65535; 0 takes any free port';

/** An address or a name to listen on. */
export const host = () =>
  z
    .string()
    .max(253)
    .regex(/^[A-Za-z0-9:][A-Za-z0-9.:%_-]*$/);
export const HOST_ALLOWED = 'an IP address (IPv6 without brackets) or a host name';

function isPlainHttpUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return (
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    /^https?:\/\/[^/\s]/i.test(text) &&
    `${url.username}${url.password}${url.search}${url.hash}` === ''
  );
}

/** An http or https URL without credentials, query and fragment; parses to its form without a slash at the end. */
export const httpUrl = () =>
  z
    .string()
    .max(2_000)
    .regex(/^https?:\/\//i)
    .refine(isPlainHttpUrl)
    .transform((text) => new URL(text).href.replace(/\/+$/, ''));
export const HTTP_URL_ALLOWED = 'an http:// or https:// URL without user, password, query and fragment';

/** An AE-ID of our own: `C` or `S`, then letters, digits, `_` and `-` (the alphabet that every known CSE takes). */
export const ownOriginator = () => z.string().regex(/^[CS][A-Za-z0-9_-]{1,63}$/);

/** Originators as an access control rule names them: `all`, an AE-ID, a pattern with `*`. */
export const originatorList = () => z.array(z.string().regex(/^[A-Za-z0-9_.~*?/:@-]{1,128}$/)).max(100);
export const ORIGINATOR_LIST_ALLOWED =
  'a list of at most 100 originators: all, an AE-ID such as Cdashboard, or a pattern such as C*';

/** A resource name that every known CSE takes. */
export const resourceName = (maximum: number) =>
  z
    .string()
    .max(maximum)
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/);

import type { Lwm2mVersion } from '../registration/registration.ts';

/**
 * `arglist = arg *("," arg)`, `arg = DIGIT / DIGIT "=" "'" *CHAR "'"`, CHAR printable ASCII but `"`, `'` and `\`
 * (LwM2M 1.0 5.4.5, 1.1 6.3.5). The grammar leaves the blank out and an example beside it has one: it is let through.
 */
const ARGUMENT = String.raw`[0-9](?:='[ !#-&(-[\]-~]*')?`;
const ARGUMENTS = new RegExp(`^${ARGUMENT}(?:,${ARGUMENT})*$`);
const LONGEST = 16_384;

/** Why these are no arguments of Execute; undefined when they are. From 1.2 on a digit stands once. */
export function executeArgumentsFault(text: string, version: Lwm2mVersion): string | undefined {
  if (text === '') return undefined;
  if (text.length > LONGEST) return `arguments have at most ${LONGEST} characters`;
  if (!ARGUMENTS.test(text)) return "arguments are digits, each with an optional value: 5 or 2='10.3',7";
  const digits = text.replace(/'[^']*'/g, '').match(/[0-9]/g) ?? [];
  if (version === '1.2' && new Set(digits).size < digits.length) return 'an argument stands once';
  return undefined;
}

/**
 * True when `text` is `pattern`, in which `*` stands for any characters and `?` for one (TS-0001 9.6.2.1). Takes at most
 * the product of both lengths, whatever the pattern.
 */
export function matchesWildcard(text: string, pattern: string): boolean {
  let at = 0;
  let want = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    const wanted = pattern[want];
    if (wanted === '*') {
      star = want++;
      starAt = at;
    } else if (wanted !== undefined && (wanted === '?' || wanted === text[at])) {
      at++;
      want++;
    } else if (star >= 0) {
      want = star + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  while (pattern[want] === '*') want++;
  return want === pattern.length;
}

const UNRESERVED = /^[A-Za-z0-9\-._~]*$/;
const UNRESERVED_SEGMENTS = /^[A-Za-z0-9\-._~/]*$/;
const LONE_SURROGATE = /\p{Cs}/gu;

/** Percent-encodes everything but the unreserved characters (RFC 3986 2.3); never throws. */
export function percentEncode(text: string): string {
  if (UNRESERVED.test(text)) return text;
  const wellFormed = text.replace(LONE_SURROGATE, '\uFFFD');
  return encodeURIComponent(wellFormed).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Undoes percent-encoding; a sequence that is not UTF-8 stays as it is, so that no text makes this throw. */
export function percentDecode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The three forms of a resource address: what begins `to`, and what begins the path instead (TS-0009 table 6.2.2.1-1). */
const ADDRESS_FORMS = [
  { form: 'absolute', to: '//', path: '/_/' },
  { form: 'SP-relative', to: '/', path: '/~/' },
  { form: 'CSE-relative', to: '', path: '/' },
] as const;

/** The path component of a `to` parameter, each segment percent-encoded (TS-0009 6.2.2.1). */
export function addressToPath(to: string): string {
  for (const form of ADDRESS_FORMS) {
    if (to.startsWith(form.to)) {
      const rest = to.slice(form.to.length);
      const path = UNRESERVED_SEGMENTS.test(rest) ? rest : rest.split('/').map(percentEncode).join('/');
      return form.path + (form.to === '' ? hideMarker(path) : path);
    }
  }
  return '/';
}

/** A CSE-relative address whose first name is `~` or `_` must not read as another form. */
function hideMarker(path: string): string {
  const first = path.charCodeAt(0);
  if ((first !== 0x7e && first !== 0x5f) || (path.length > 1 && path[1] !== '/')) return path;
  return (first === 0x7e ? '%7E' : '%5F') + path.slice(1);
}

/** The `to` parameter of a path component (TS-0009 6.2.2.1); one trailing slash, as in its own example, is dropped. */
export function pathToAddress(path: string): string {
  for (const form of ADDRESS_FORMS) {
    if (path.startsWith(form.path)) {
      const rest = path.slice(form.path.length);
      const address = rest.includes('%') ? rest.split('/').map(percentDecode).join('/') : rest;
      return form.to + (address.endsWith('/') ? address.slice(0, -1) : address);
    }
  }
  return path;
}

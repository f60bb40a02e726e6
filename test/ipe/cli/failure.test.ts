import { describe, expect, it } from 'vitest';
import { IpeError } from '../../../common/index.ts';
import { failureText } from '../../../ipe/cli/failure.ts';

const inUse = Object.assign(new TypeError('bind'), { code: 'EADDRINUSE' });

describe('the text of a failure', () => {
  it('is the message of an IpeError', () => {
    expect(failureText(new IpeError('cse/timeout', 'no answer'))).toBe('no answer');
  });

  it('is one line, whatever was thrown', () => {
    expect(failureText(new TypeError('a\n  at b'))).toBe('unexpected error: a at b');
    expect(failureText('text')).toBe('unexpected error: text');
    expect(failureText(undefined)).toBe('unexpected error: undefined');
  });

  it.each([
    ['coap/port-in-use', 'lwm2m.coap.port (IPE_LWM2M_COAP_PORT)'],
    ['http/port-in-use', 'http.port (IPE_HTTP_PORT)'],
    ['cse/listen', 'embeddedCse.port (IPE_EMBEDDED_CSE_PORT)'],
  ])('names the key to change after %s', (code, key) => {
    expect(failureText(new IpeError(code, 'taken', { cause: inUse }))).toBe(
      `taken; set ${key} to another port, or to 0 for any free one`,
    );
  });

  it('names the address where that is the trouble', () => {
    expect(failureText(new IpeError('coap/address', 'not ours'))).toBe(
      'not ours; set lwm2m.coap.host (IPE_LWM2M_COAP_HOST) to another address',
    );
  });
});

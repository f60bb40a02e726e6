import { describe, expect, it } from 'vitest';
import { toCseError } from '../../cse-client/failures.ts';

describe('errors of the network', () => {
  it.each([
    ['ECONNREFUSED', 'cse/unreachable', 'is not reachable (connection refused)'],
    ['ENOTFOUND', 'cse/unreachable', 'is not reachable (there is no such host)'],
    ['UND_ERR_CONNECT_TIMEOUT', 'cse/unreachable', 'is not reachable (no connection in time)'],
    ['ECONNRESET', 'cse/unreachable', 'closed the connection before it answered'],
    ['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'cse/not-a-cse', 'sent an answer that is too large'],
    ['UND_ERR_DESTROYED', 'cse/closed', 'was left: its client was closed'],
    ['ERR_UNHEARD_OF', 'cse/unreachable', 'is not reachable (self-signed certificate)'],
    [
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'cse/untrusted',
      'is not trusted: its certificate is self-signed; trust it by name, or have it signed',
    ],
    ['CERT_HAS_EXPIRED', 'cse/untrusted', 'is not trusted: its certificate has expired'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'cse/untrusted', 'is not trusted: its certificate is for another host name'],
  ])('%s is %s, in words for an operator', (code, expected, words) => {
    const cause = Object.assign(new Error('self-signed certificate'), { code });
    const error = toCseError('https://cse', cause, true);
    expect(error).toMatchObject({
      code: expected,
      message: `CSE at https://cse ${words}`,
      details: { sent: true, reason: code },
    });
    expect(error.cause).toBe(cause);
  });

  it('that nobody expected are cse/unreachable in one line', () => {
    for (const thrown of [new Error('a\nb'), 'a\nb', undefined, null, { code: 7 }]) {
      expect(toCseError('http://cse', thrown, false)).toMatchObject({ code: 'cse/unreachable', retryable: true });
      expect(toCseError('http://cse', thrown, false).message).not.toContain('\n');
    }
  });
});

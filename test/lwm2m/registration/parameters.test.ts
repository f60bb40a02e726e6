import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from '../../../common/index.ts';
import { parseParameters, REGISTRATION_PARAMETERS } from '../../../lwm2m/registration/parameters.ts';

const BOUNDS = { min: 20, max: 1_000_000, default: 86_400 };
const register = (...query: string[]) => parseParameters(query, 'register', BOUNDS);
const update = (...query: string[]) => parseParameters(query, 'update', BOUNDS);
const refused = (message: string | RegExp) =>
  expect.objectContaining({ code: 'lwm2m/parameter', message: expect.stringMatching(message) });

test('every parameter has its clause, and each name occurs once', () => {
  expect(REGISTRATION_PARAMETERS.map(({ name }) => name)).toEqual(['ep', 'lt', 'lwm2m', 'b', 'Q', 'sms']);
  for (const row of REGISTRATION_PARAMETERS) expect(row.clause).toMatch(/LwM2M 1\.\d/);
});

describe('ep', () => {
  test('is mandatory in a Register', () => {
    expect(() => register('lt=60')).toThrow(refused('ep is missing'));
    expect(() => register()).toThrow(refused('ep is missing'));
  });

  test.each(['urn:imei:1234', 'a', 'x'.repeat(255), 'caf\u00e9 7=8&9', '\u{1f4e1}'])('may be %s', (name) => {
    expect(register(`ep=${name}`)).toEqual({ endpoint: name });
  });

  test.each([
    ['empty', ''],
    ['longer than 255 bytes', 'x'.repeat(256)],
    ['longer than 255 bytes of UTF-8', '\u00e9'.repeat(128)],
    ['with a control character', 'a\nb'],
    ['with a byte of zero', 'a\0'],
    ['with a C1 control character', 'a\u0085'],
    ['of bytes that were no UTF-8', 'a\ufffd'],
    ['with half a surrogate pair', 'a\ud800'],
  ])('is refused when it is %s', (_what, name) => {
    expect(() => register(`ep=${name}`)).toThrow(refused('ep must be 1 to 255 bytes'));
  });

  test('without a value is refused', () => {
    expect(() => register('ep')).toThrow(refused('ep must be .* not no value'));
  });

  test('is ignored in an Update: the path names the registration', () => {
    expect(update('ep=other', 'ep=', 'lwm2m=9.9')).toEqual({});
  });
});

describe('lt', () => {
  test('is whole seconds within the bounds', () => {
    expect(register('ep=a', 'lt=20').lifetime).toBe(20);
    expect(update('lt=1000000').lifetime).toBe(1_000_000);
    expect(update('lt=0060').lifetime).toBe(60);
  });

  test('outside of the bounds is refused, and the refusal names them', () => {
    for (const lt of ['19', '1', '1000001', '4294967296', '9999999999']) {
      expect(() => register('ep=a', `lt=${lt}`)).toThrow(refused(`lt must be an integer from 20 to 1000000.*"${lt}"`));
    }
  });

  test('of 0 is infinite (Object 1, resource 1) and becomes the longest lifetime allowed', () => {
    expect(register('ep=a', 'lt=0').lifetime).toBe(1_000_000);
  });

  test.each(['', '-1', '+60', '6e1', '60.0', ' 60', '60 ', '0x40', 'NaN', '99999999999'])(
    'of "%s" is refused',
    (lt) => {
      expect(() => update(`lt=${lt}`)).toThrow(refused('lt must be'));
    },
  );
});

describe('lwm2m', () => {
  test.each(['1.0', '1.1', '1.2'])('%s is spoken', (version) => {
    expect(register('ep=a', `lwm2m=${version}`).version).toBe(version);
  });

  test.each(['1.3', '1.10', '2.0', '0.9', '1.99'])('%s is not: lwm2m/version, for 4.12', (version) => {
    expect(() => register('ep=a', `lwm2m=${version}`)).toThrow(expect.objectContaining({ code: 'lwm2m/version' }));
  });

  test.each(['1', '1.0.2', '', '1.', '.1', 'v1.1', '01.0', '1.1 '])('"%s" is no version at all', (version) => {
    expect(() => register('ep=a', `lwm2m=${version}`)).toThrow(refused('lwm2m must be a version'));
  });
});

describe('b and Q', () => {
  test.each([
    ['b=U', 'U', undefined],
    ['b=UQ', 'U', true],
    ['b=S', 'S', undefined],
    ['b=SQ', 'S', true],
    ['b=US', 'US', undefined],
    ['b=UQS', 'US', true],
    ['b=UQT', 'UT', true],
    ['b=UQST', 'UST', true],
    ['b=UTSNMH', 'UTSNMH', undefined],
    ['b=T', 'T', undefined],
    ['b=N', 'N', undefined],
  ])('%s of any version', (query, binding, queueMode) => {
    const { binding: letters, queueMode: queued } = register('ep=a', query);
    expect([letters, queued]).toEqual([binding, queueMode]);
  });

  test('USQ and UQSQ are not supported (LwM2M 1.0 5.3.1.1)', () => {
    for (const b of ['USQ', 'UQSQ']) expect(() => register('ep=a', `b=${b}`)).toThrow(refused('b must be transport'));
  });

  test.each(['', 'Q', 'QU', 'X', 'u', 'UU', 'UQQ', 'U Q', 'U,S'])('b of "%s" is refused', (b) => {
    expect(() => register('ep=a', `b=${b}`)).toThrow(refused('b must be'));
  });

  test('Q is a flag (LwM2M 1.1 6.2.1); with a value it is read as a boolean', () => {
    for (const query of ['Q', 'Q=', 'Q=true', 'Q=1']) expect(register('ep=a', 'b=U', query).queueMode).toBe(true);
    for (const query of ['Q=false', 'Q=0']) expect(register('ep=a', 'b=U', query).queueMode).toBe(false);
    expect(() => register('ep=a', 'Q=maybe')).toThrow(refused('Q must be without a value'));
  });

  test('a Q in either place is queue mode, in whatever order they come', () => {
    expect(register('ep=a', 'Q=0', 'b=UQ').queueMode).toBe(true);
    expect(register('ep=a', 'b=UQ', 'Q=0').queueMode).toBe(true);
  });
});

describe('sms', () => {
  test.each(['+491701234567', '0', '+1234567890123456789', '12345678901234567890'])('%s', (sms) => {
    expect(register('ep=a', `sms=${sms}`).smsNumber).toBe(sms);
  });

  test.each(['', '+', '12+3', '123456789012345678901', '12 34', 'abc'])('"%s" is refused', (sms) => {
    expect(() => update(`sms=${sms}`)).toThrow(refused('sms must be up to 20'));
  });
});

describe('the query as a whole', () => {
  test.each(['ep=a', 'lt=60', 'lwm2m=1.1', 'b=U', 'Q', 'sms=1'])('%s may come once only', (option) => {
    expect(() => register('ep=a', option, option)).toThrow(refused(`${option.split('=')[0]} is sent twice`));
  });

  test('unknown parameters are ignored, also twice and without a name', () => {
    expect(register('mac=00:11', 'ep=a', 'mac=22:33', '', '=', 'pct=112', 'EP=b')).toEqual({ endpoint: 'a' });
  });

  test('more than 32 parameters are refused', () => {
    expect(register('ep=a', ...new Array(31).fill('x=y'))).toEqual({ endpoint: 'a' });
    expect(() => register('ep=a', ...new Array(32).fill('x=y'))).toThrow(refused('more than 32'));
  });

  test('a refusal is one line that shows at most 64 characters of input, all printable', () => {
    const hostile = '\u001b[2J\r\n<script>\u202e"'.repeat(20);
    for (const name of ['ep', 'lt', 'lwm2m', 'b', 'Q', 'sms']) {
      try {
        register('ep=a', `${name}=${hostile}`);
        expect.unreachable();
      } catch (error) {
        const { message } = error as Error;
        if (message === 'ep is sent twice') continue;
        expect(message).toMatch(/^[\x20-\x7e]+$/);
        expect(message).toContain('"?[2J??<script>?');
        expect(message.length).toBeLessThan(160);
      }
    }
  });

  test('any query gives parameters within their bounds, or a DecodeError and nothing else', () => {
    const name = fc.constantFrom('ep', 'lt', 'lwm2m', 'b', 'Q', 'sms', 'x', '');
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom('60', '1.1', '1.0', 'U', 'UQ', 'a', '0', '+49'),
      fc.string({ unit: 'binary' }),
    );
    const option = fc.oneof(
      fc.tuple(name, value).map(([n, v]) => `${n}=${v}`),
      name,
      fc.string(),
    );
    fc.assert(
      fc.property(
        fc.array(option, { maxLength: 8 }),
        fc.constantFrom('register' as const, 'update' as const),
        (query, operation) => {
          try {
            const { endpoint, lifetime, binding } = parseParameters(query, operation, BOUNDS);
            expect(operation === 'update' || endpoint !== undefined).toBe(true);
            if (endpoint !== undefined) expect(Buffer.byteLength(endpoint)).toBeLessThanOrEqual(255);
            if (lifetime !== undefined) expect(lifetime >= BOUNDS.min && lifetime <= BOUNDS.max).toBe(true);
            if (binding !== undefined) expect(binding).toMatch(/^[USTNMH]{1,6}$/);
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

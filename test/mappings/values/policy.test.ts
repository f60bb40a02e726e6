import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesPattern, NEVER_OBSERVED, type ValuePolicySettings, valuePolicy } from '../../../mappings/index.ts';

const usual: ValuePolicySettings = { mode: 'semantic', observe: 'always', rules: [] };

describe('what is done with the values of an object', () => {
  it('is what holds for all, where no rule matches', () => {
    expect(valuePolicy(usual, 'any', 3303)).toEqual({ semantic: true, transparent: false, observe: 'always' });
    expect(valuePolicy({ ...usual, mode: 'both' }, 'any', 3303)).toMatchObject({ semantic: true, transparent: true });
    expect(valuePolicy({ ...usual, mode: 'transparent' }, 'any', 3303)).toMatchObject({ semantic: false });
    expect(valuePolicy({ ...usual, observe: 'never' }, 'any', 3303).observe).toBe('never');
    expect(valuePolicy({ ...usual, observe: 'on-subscription' }, 'any', 3303).observe).toBe('on-subscription');
  });

  it('is what the first rule that matches says; what it leaves open stays', () => {
    const rules = [
      { object: 3303, endpoint: 'urn:imei:*', mode: 'transparent' },
      { object: 3303, observe: 'never' },
      { mode: 'none' },
    ] as const;
    const settings = { ...usual, rules };
    expect(valuePolicy(settings, 'urn:imei:1', 3303)).toEqual({
      semantic: false,
      transparent: true,
      observe: 'always',
    });
    expect(valuePolicy(settings, 'other', 3303)).toEqual({ semantic: true, transparent: false, observe: 'never' });
    expect(valuePolicy(settings, 'other', 3304)).toEqual({ semantic: false, transparent: false, observe: 'never' });
  });

  it.each([...NEVER_OBSERVED.keys()])('object %i is never observed', (object) => {
    expect(valuePolicy(usual, 'any', object)).toMatchObject({ semantic: true, observe: 'never' });
    expect(valuePolicy({ ...usual, observe: 'on-subscription' }, 'any', object).observe).toBe('never');
  });
});

describe('an endpoint pattern', () => {
  it.each([
    ['a', 'a', true],
    ['a', 'ab', false],
    ['*', '', true],
    ['a*', 'abc', true],
    ['*c', 'abc', true],
    ['a*c', 'ac', true],
    ['ab*bc', 'abc', false],
    ['a*b*c', 'aXbYc', true],
    ['a*b*c', 'aXYc', false],
    ['urn:*:1.5', 'urn:x:1a5', false],
  ])('%s and %s: %s', (pattern, text, matches) => expect(matchesPattern(pattern, text)).toBe(matches));

  it('matches as the expression with .* does', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
    fc.assert(
      fc.property(letters, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 }), (pattern, text) => {
        const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
        expect(matchesPattern(pattern, text)).toBe(expression.test(text));
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STATUS_CODES } from '../../cse-client/status-codes.ts';
import { coapCode, RESPONSE_CODES, statusCodeOf } from '../../mappings/response-codes.ts';

const operations = ['register', 'update', 'deregister'] as const;

describe('response codes between the CSE and the Client Registration interface', () => {
  it.each([
    ['register', 2001, '2.01'],
    ['register', 4105, '4.03'],
    ['register', 4117, '4.03'],
    ['register', 4000, '4.00'],
    ['update', 2004, '2.04'],
    ['update', 4004, '4.04'],
    ['update', 4000, '4.00'],
    ['deregister', 2002, '2.02'],
    ['deregister', 4004, '4.04'],
  ] as const)('TS-0014 table 6.2.2.2-4: %s with %d is %s', (operation, rsc, code) => {
    expect(coapCode(operation, rsc)).toBe(code);
  });

  it('every status code of TS-0004 6.6.3 has a row', () => {
    const rows = new Set(RESPONSE_CODES.flatMap(({ codes }) => codes));
    const known = Object.keys(STATUS_CODES).map(Number);
    expect(known.length).toBeGreaterThan(40);
    expect(known.filter((rsc) => !rows.has(rsc))).toEqual([]);
  });

  it('every code leads only to codes that LwM2M gives the operation, or to 5.00 and 5.03', () => {
    const allowed = {
      register: ['2.01', '4.00', '4.03', '5.00', '5.03'],
      update: ['2.04', '4.00', '4.04', '5.00', '5.03'],
      deregister: ['2.02', '4.00', '4.04', '5.00', '5.03'],
    };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99_999 }), fc.constantFrom(...operations), (rsc, operation) => {
        expect(allowed[operation]).toContain(coapCode(operation, rsc));
      }),
      { numRuns: 3000 },
    );
  });

  it('a success of the CSE never becomes a failure, nor a failure a success', () => {
    for (const rsc of Object.keys(STATUS_CODES).map(Number)) {
      for (const operation of operations) expect(coapCode(operation, rsc).startsWith('2.')).toBe(rsc < 3000);
    }
  });

  it('every CoAP code leads to a status code of its class', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 0, max: 31 }), (major, detail) => {
        fc.pre(major !== 3);
        const rsc = statusCodeOf(`${major}.${String(detail).padStart(2, '0')}`);
        expect(rsc in STATUS_CODES).toBe(true);
        if (major === 2) expect(rsc).toBeLessThan(3000);
        else expect(rsc).toBeGreaterThanOrEqual(4000);
      }),
    );
  });
});

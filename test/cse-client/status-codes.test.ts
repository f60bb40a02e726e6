import { describe, expect, it } from 'vitest';
import {
  CseError,
  fromHttpResponse,
  httpStatus,
  isSuccess,
  STATUS_CODES,
  statusCode,
  toHttpResponse,
} from '../../cse-client/index.ts';

/** Table 6.3.2-1 of TS-0009 the other way round. */
const BY_HTTP_STATUS: Readonly<Record<number, readonly number[]>> = {
  200: [2000, 2002, 2004],
  201: [2001],
  202: [1000, 1001, 1002],
  400: [4000, 4102, 4110, 4120, 4122, 4123, 4143, 6010, 6022, 6023, 6024],
  403: [
    4101, 4103, 4106, 4107, 4108, 4109, 4111, 4112, 4113, 4114, 4115, 4116, 4117, 4126, 4127, 5105, 5203, 5205, 5208,
    5214, 5215, 5218, 5222,
  ],
  404: [4004, 4118, 4119, 4121, 5103, 5107, 6003, 6005],
  405: [4005],
  406: [5207],
  409: [4104, 4105, 4124, 5106, 5219, 5220, 6028, 6029],
  415: [4015],
  500: [5000, 5204, 5209, 5210, 5211, 5212, 5216, 5217, 5221, 6020, 6021, 6025, 6026],
  501: [4001, 4125, 5001, 5206],
  504: [4008, 6030, 6031],
};

const CODES = Object.keys(STATUS_CODES).map(Number);

describe('response status codes (TS-0004 6.6.3, TS-0009 6.3.2)', () => {
  it.each(Object.entries(BY_HTTP_STATUS))('HTTP %s carries the codes of table 6.3.2-1', (status, codes) => {
    for (const rsc of codes) expect(httpStatus(rsc), String(rsc)).toBe(Number(status));
  });

  it('holds no code but those of the table and 4128, which the table forgets', () => {
    const listed = Object.values(BY_HTTP_STATUS).flat();
    expect(CODES.filter((rsc) => !listed.includes(rsc))).toEqual([4128]);
    expect(listed.filter((rsc) => statusCode(rsc) === undefined)).toEqual([]);
  });

  it.each(CODES)('%i survives the way over HTTP', (rsc) => {
    const http = toHttpResponse({ rsc, rqi: '1' });
    expect(fromHttpResponse({ status: http.status, headers: { 'x-m2m-rsc': http.headers['X-M2M-RSC'] } }).rsc).toBe(
      rsc,
    );
  });

  it('gives a code that no table knows the status of its class', () => {
    expect([1999, 2999, 4999, 5999, 6999].map(httpStatus)).toEqual([202, 200, 400, 500, 500]);
  });

  it('counts the classes 1000 and 2000 as success and nothing else (6.6.2)', () => {
    for (const rsc of CODES) expect(isSuccess(rsc)).toBe(rsc < 3000);
  });

  it('makes a refusal retryable only where waiting may help', () => {
    const retryable = CODES.filter((rsc) => new CseError('cse/refused', '', { rsc }).retryable);
    expect(retryable).toEqual([4008, 5000, 5103, 5107, 5209, 6003, 6020, 6021, 6030, 6031]);
    expect(new CseError('cse/timeout', '').retryable).toBe(true);
    expect(new CseError('cse/not-a-cse', '').retryable).toBe(false);
  });
});

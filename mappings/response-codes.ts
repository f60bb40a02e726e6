import type { CoapCode } from '../lwm2m/index.ts';

/** The operations of the LwM2M Client Registration interface that a CSE request can make fail. */
export type RegistrationOperation = 'register' | 'update' | 'deregister';

/** What the answer of a CSE means for a device, and the status codes that mean it. */
export interface ResponseCodeRow extends Readonly<Record<RegistrationOperation, CoapCode>> {
  readonly meaning: string;
  readonly codes: readonly number[];
}

/**
 * Response codes of the Client Registration interface (TS-0014 tables 6.2.2.2-4 and 6.3.2.2-4). Register knows 2.01, 4.00,
 * 4.03, Update 2.04, 4.00, 4.04, De-register 2.02, 4.04 (LwM2M 1.0 5.3); 5.00 and 5.03 stand for faults that are no fault of
 * the device. The draft's "4000 Not Found" is 4004, and its 4105 for "all other codes" is only the conflict that TS-0004
 * 6.6.3.5 means by it. Every status code of TS-0004 6.6.3 stands in one row.
 */
export const RESPONSE_CODES: readonly ResponseCodeRow[] = [
  {
    meaning: 'done',
    codes: [1000, 1001, 1002, 2000, 2001, 2002, 2004],
    register: '2.01',
    update: '2.04',
    deregister: '2.02',
  },
  {
    meaning: 'the CSE does not take what the registration asks for',
    codes: [4000, 4102, 4110, 4120, 4122, 4126, 4143, 5207, 6010, 6022, 6023, 6024],
    register: '4.00',
    update: '4.00',
    deregister: '4.00',
  },
  {
    meaning: 'not there: the device has to register again',
    codes: [4004, 4118, 4119, 4121, 6005],
    register: '4.03',
    update: '4.04',
    deregister: '4.04',
  },
  {
    meaning: 'not allowed, or the name belongs to another',
    codes: [
      4005, 4101, 4103, 4104, 4105, 4106, 4107, 4108, 4109, 4111, 4112, 4113, 4114, 4115, 4116, 4117, 4123, 4124, 4127,
      4128, 5105, 5106, 5203, 5205, 5208, 5214, 5215, 5218, 5219, 5220, 5222, 6028, 6029,
    ],
    register: '4.03',
    update: '4.00',
    deregister: '4.00',
  },
  {
    meaning: 'not now: the device may try again',
    codes: [4008, 5103, 5107, 5209, 6003, 6020, 6021, 6030, 6031],
    register: '5.03',
    update: '5.03',
    deregister: '5.03',
  },
  {
    meaning: 'a fault between IPE and CSE',
    codes: [4001, 4015, 4125, 5000, 5001, 5204, 5206, 5210, 5211, 5212, 5216, 5217, 5221, 6025, 6026],
    register: '5.00',
    update: '5.00',
    deregister: '5.00',
  },
];

const byStatusCode: ReadonlyMap<number, ResponseCodeRow> = new Map(
  RESPONSE_CODES.flatMap((row) => row.codes.map((rsc) => [rsc, row] as const)),
);

/** A code that answers for each class (TS-0004 6.6.2) where a number is in no row. */
const CLASS_CODES: Readonly<Record<number, number>> = { 1: 1000, 2: 2000, 4: 4000, 5: 5000, 6: 6003 };

/** The CoAP code of an operation for any oneM2M response status code: total, whatever the number. */
export function coapCode(operation: RegistrationOperation, rsc: number): CoapCode {
  const row = byStatusCode.get(rsc) ?? byStatusCode.get(CLASS_CODES[Math.trunc(rsc / 1000)] ?? 5000);
  return row?.[operation] ?? '5.00';
}

/** oneM2M response status codes of CoAP codes (TS-0008 6.2.4 read backwards, completed for LwM2M). */
const STATUS_CODES: Readonly<Record<string, number>> = {
  '2.01': 2001,
  '2.02': 2002,
  '2.04': 2004,
  '2.05': 2000,
  '2.31': 1000,
  '4.00': 4000,
  '4.01': 5105,
  '4.02': 4000,
  '4.03': 5105,
  '4.04': 4004,
  '4.05': 4005,
  '4.06': 5207,
  '4.08': 4102,
  '4.12': 4001,
  '4.13': 4102,
  '4.15': 4015,
  '5.00': 5000,
  '5.01': 5001,
  '5.02': 5103,
  '5.03': 5103,
  '5.04': 4008,
  '5.05': 5001,
};

/** The oneM2M response status code of any CoAP code; by its class where the table has no row. */
export function statusCodeOf(code: string): number {
  const known = STATUS_CODES[code];
  if (known !== undefined) return known;
  if (code.startsWith('2.')) return 2000;
  return code.startsWith('4.') ? 4000 : 5000;
}

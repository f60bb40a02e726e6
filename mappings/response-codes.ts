import type { CoapCode } from '../lwm2m/index.ts';

/** The operations of the LwM2M Client Registration interface that a CSE request can make fail. */
export type RegistrationOperation = 'register' | 'update' | 'deregister';

/** What a device is told for a oneM2M response status code, for each operation. */
export interface ResponseCodeRow extends Readonly<Record<RegistrationOperation, CoapCode>> {
  readonly rsc: number;
}

const row = (rsc: number, register: CoapCode, update: CoapCode, deregister: CoapCode): ResponseCodeRow => ({
  rsc,
  register,
  update,
  deregister,
});

/**
 * Response codes of the Client Registration interface (TS-0014 tables 6.2.2.2-4 and 6.3.2.2-4), both directions. Register
 * knows 2.01, 4.00, 4.03, Update 2.04, 4.00, 4.04, De-register 2.02, 4.04 (LwM2M 1.0 5.3); 5.00 and 5.03 stand for faults
 * that are no fault of the device. The draft's "4000 Not Found" is 4004, and its 4105 for "all other codes" is only the
 * conflict that TS-0004 6.6.3.5 means by it.
 */
export const RESPONSE_CODES: readonly ResponseCodeRow[] = [
  row(1000, '2.01', '2.04', '2.02'),
  row(1001, '2.01', '2.04', '2.02'),
  row(1002, '2.01', '2.04', '2.02'),
  row(2000, '2.01', '2.04', '2.02'),
  row(2001, '2.01', '2.04', '2.02'),
  row(2002, '2.01', '2.04', '2.02'),
  row(2004, '2.01', '2.04', '2.02'),
  row(4000, '4.00', '4.00', '4.00'),
  row(4001, '5.00', '5.00', '5.00'),
  row(4004, '4.03', '4.04', '4.04'),
  row(4005, '4.03', '4.00', '4.00'),
  row(4008, '5.03', '5.03', '5.03'),
  row(4015, '5.00', '5.00', '5.00'),
  row(4101, '4.03', '4.00', '4.00'),
  row(4102, '4.00', '4.00', '4.00'),
  row(4103, '4.03', '4.00', '4.00'),
  row(4104, '4.03', '4.00', '4.00'),
  row(4105, '4.03', '4.00', '4.00'),
  row(4106, '4.03', '4.00', '4.00'),
  row(4107, '4.03', '4.00', '4.00'),
  row(4108, '4.03', '4.00', '4.00'),
  row(4109, '4.03', '4.00', '4.00'),
  row(4110, '4.00', '4.00', '4.00'),
  row(4117, '4.03', '4.00', '4.00'),
  row(4124, '4.03', '4.00', '4.00'),
  row(4126, '4.00', '4.00', '4.00'),
  row(4127, '4.03', '4.00', '4.00'),
  row(4128, '4.03', '4.00', '4.00'),
  row(5000, '5.00', '5.00', '5.00'),
  row(5001, '5.00', '5.00', '5.00'),
  row(5103, '5.03', '5.03', '5.03'),
  row(5105, '4.03', '4.00', '4.00'),
  row(5106, '4.03', '4.00', '4.00'),
  row(5107, '5.03', '5.03', '5.03'),
  row(5203, '4.03', '4.00', '4.00'),
  row(5204, '5.00', '5.00', '5.00'),
  row(5205, '4.03', '4.00', '4.00'),
  row(5206, '5.00', '5.00', '5.00'),
  row(5207, '4.00', '4.00', '4.00'),
  row(5208, '4.03', '4.00', '4.00'),
  row(5209, '5.03', '5.03', '5.03'),
  row(6003, '5.03', '5.03', '5.03'),
  row(6005, '4.03', '4.04', '4.04'),
  row(6010, '4.00', '4.00', '4.00'),
  row(6020, '5.03', '5.03', '5.03'),
  row(6021, '5.03', '5.03', '5.03'),
  row(6025, '5.00', '5.00', '5.00'),
  row(6030, '5.03', '5.03', '5.03'),
  row(6031, '5.03', '5.03', '5.03'),
];

const byStatusCode: ReadonlyMap<number, ResponseCodeRow> = new Map(RESPONSE_CODES.map((entry) => [entry.rsc, entry]));

/** By class (TS-0004 6.6.2) for a code that the table does not know: originator errors refuse, receiver errors are ours. */
function classRow(rsc: number): ResponseCodeRow {
  if (rsc >= 1000 && rsc < 3000) return row(rsc, '2.01', '2.04', '2.02');
  if (rsc >= 4000 && rsc < 5000) return row(rsc, '4.00', '4.00', '4.00');
  if (rsc >= 6000 && rsc < 7000) return row(rsc, '5.03', '5.03', '5.03');
  return row(rsc, '5.00', '5.00', '5.00');
}

/** The CoAP code of an operation for any oneM2M response status code: total, whatever the number. */
export function coapCode(operation: RegistrationOperation, rsc: number): CoapCode {
  return (byStatusCode.get(rsc) ?? classRow(rsc))[operation];
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

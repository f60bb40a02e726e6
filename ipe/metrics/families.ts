import { CSE_FAMILIES } from './cse-families.ts';
import type { Family } from './family.ts';
import { LWM2M_FAMILIES } from './lwm2m-families.ts';
import { WORK_FAMILIES } from './work-families.ts';

/** All series that are read from the parts of an IPE. */
export const FAMILIES: readonly Family[] = [...LWM2M_FAMILIES, ...CSE_FAMILIES, ...WORK_FAMILIES];

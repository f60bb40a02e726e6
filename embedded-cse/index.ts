export * from './embedded-cse.ts';
export * from './faults.ts';

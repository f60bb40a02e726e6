export * from './endpoint-resources.ts';
export * from './labels.ts';
export * from './names.ts';
export * from './objects.ts';
export * from './resource-change.ts';
export * from './response-codes.ts';

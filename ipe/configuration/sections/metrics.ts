import * as z from 'zod';
import { key } from '../notes.ts';

/** What is told to Prometheus. */
export const metricsSection = z.strictObject({
  enabled: key(z.boolean().prefault(true), {
    kind: 'boolean',
    description: 'Whether GET /metrics on the HTTP port answers with metrics in the text format of Prometheus.',
    allowed: 'true or false',
  }),
});

import * as z from 'zod';
import { key } from '../notes.ts';

/** What is said on standard output. */
export const logSection = z.strictObject({
  level: key(z.enum(['error', 'warn', 'info', 'debug']).prefault('info'), {
    kind: 'choice',
    description: 'The least important lines that are still written. debug shows stacks of errors too.',
    allowed: 'error, warn, info or debug',
  }),
  format: key(z.enum(['auto', 'json', 'text']).prefault('auto'), {
    kind: 'choice',
    description: 'json writes one object a line; text is for people; auto is text on a terminal and json elsewhere.',
    allowed: 'auto, json or text',
  }),
});

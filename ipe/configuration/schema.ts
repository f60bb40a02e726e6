import * as z from 'zod';
import { key } from './notes.ts';
import { accessSection } from './sections/access.ts';
import { bootstrapSection } from './sections/bootstrap.ts';
import { commandsSection } from './sections/commands.ts';
import { cseSection } from './sections/cse.ts';
import { embeddedCseSection } from './sections/embedded-cse.ts';
import { httpSection } from './sections/http.ts';
import { labelsSection } from './sections/labels.ts';
import { logSection } from './sections/log.ts';
import { lwm2mSection } from './sections/lwm2m.ts';
import { metricsSection } from './sections/metrics.ts';
import { namesSection } from './sections/names.ts';
import { storeSection } from './sections/store.ts';
import { valuesSection } from './sections/values.ts';
import { DURATION_FORMS, duration } from './values.ts';

const sections = z.strictObject({
  cse: cseSection.prefault({}),
  embeddedCse: embeddedCseSection.prefault({}),
  lwm2m: lwm2mSection.prefault({}),
  bootstrap: bootstrapSection.prefault({}),
  http: httpSection.prefault({}),
  access: accessSection.prefault({}),
  names: namesSection.prefault({}),
  labels: labelsSection.prefault({}),
  values: valuesSection.prefault({}),
  commands: commandsSection.prefault({}),
  store: storeSection.prefault({}),
  metrics: metricsSection.prefault({}),
  log: logSection.prefault({}),
  shutdownTimeout: key(duration(0, 600_000).prefault('5s'), {
    kind: 'duration',
    description: 'How long a stop waits for what is in flight, and for what no disk keeps to reach the CSE.',
    allowed: `${DURATION_FORMS}; from 0 to 10m`,
  }),
});

const WILDCARDS = ['::', '0.0.0.0'];

const tcpPorts = z.object({
  cse: z.object({ url: z.undefined().optional() }),
  embeddedCse: z.object({ host: z.string(), port: z.number().positive() }),
  http: z.object({ host: z.string(), port: z.number() }),
});

function portsDiffer({ embeddedCse, http }: Pick<z.output<typeof tcpPorts>, 'embeddedCse' | 'http'>): boolean {
  const sameAddress =
    embeddedCse.host === http.host || [embeddedCse.host, http.host].some((it) => WILDCARDS.includes(it));
  return embeddedCse.port !== http.port || !sameAddress;
}

/** The one schema: type, defaults, limits and, through its notes, every text about a key. */
export const configurationSchema = sections.refine(portsDiffer, {
  path: ['http', 'port'],
  message: 'another port than embeddedCse.port, as the embedded CSE serves when cse.url is absent',
  // Also when other keys are wrong, so that all mistakes are reported at once.
  when: ({ value }) => tcpPorts.safeParse(value).success,
});

type DeepReadonly<T> =
  T extends z.$brand<PropertyKey & string>
    ? T
    : T extends readonly (infer Item)[]
      ? readonly DeepReadonly<Item>[]
      : T extends object
        ? { readonly [Name in keyof T]: DeepReadonly<T[Name]> }
        : T;

/** A whole, valid configuration; nothing in it needs another check. Durations are in milliseconds, lifetimes in seconds. */
export type Configuration = DeepReadonly<z.output<typeof configurationSchema>>;

/** What may stand in a configuration file: every key optional, durations as number or text. */
export type ConfigurationInput = z.input<typeof configurationSchema>;

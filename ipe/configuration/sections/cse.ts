import * as z from 'zod';
import { key } from '../notes.ts';
import { DURATION_FORMS, duration, HTTP_URL_ALLOWED, httpUrl, ownOriginator, seconds } from '../values.ts';
import { wholeNumber } from '../whole-number.ts';
import { cseAuthorizationSection, cseTlsSection } from './cse-security.ts';

/** The CSE that the bridge registers with, and how it is spoken to. */
export const cseSection = z.strictObject({
  url: key(httpUrl().optional(), {
    kind: 'text',
    description: 'Where the CSE answers oneM2M requests over HTTP.',
    allowed: HTTP_URL_ALLOWED,
    whenAbsent: 'the embedded CSE serves',
    example: 'http://127.0.0.1:8080',
  }),
  base: key(
    z
      .string()
      .max(128)
      .regex(/^[A-Za-z0-9][A-Za-z0-9_.~-]*$/)
      .prefault('cse-in'),
    {
      kind: 'text',
      description: 'resourceName of the CSEBase.',
      allowed: 'a resource name without slashes',
    },
  ),
  cseId: key(
    z
      .string()
      .max(128)
      .regex(/^\/?[A-Za-z0-9][A-Za-z0-9_.~-]*$/)
      .transform((text) => (text.startsWith('/') ? text : `/${text}`))
      .prefault('/id-in'),
    { kind: 'text', description: 'CSE-ID of the CSE.', allowed: 'a CSE-ID, with or without its leading slash' },
  ),
  originator: key(ownOriginator().prefault('Clwm2m-ipe'), {
    kind: 'text',
    description: 'AE-ID under which the IPE registers and acts.',
    allowed: 'C or S, then 1 to 63 letters, digits, _ or -',
  }),
  adminOriginator: key(
    z
      .string()
      .regex(/^[!-~]{1,128}$/)
      .optional(),
    {
      kind: 'text',
      description:
        'Originator with administrator rights. Used only to create a <node> where the CSE lets no AE create one, and to find subscriptions if values.subscriptionsByAdministrator says so. Treated as a credential: never printed.',
      allowed: '1 to 128 printable ASCII characters without blanks',
      whenAbsent: 'the IPE makes do with its own rights; where they do not suffice, devices have no <node>',
      secret: true,
    },
  ),
  releaseVersion: key(
    z.union([z.enum(['2a', '3', '4', '5']), z.literal([3, 4, 5]).transform(releaseText)]).prefault('3'),
    {
      kind: 'choice',
      description: 'Release version indicator (X-M2M-RVI) of every request.',
      allowed: '2a, 3, 4 or 5',
    },
  ),
  dialect: key(z.enum(['auto', 'standard', 'acme', 'mobius4', 'tinyiot']).prefault('auto'), {
    kind: 'choice',
    description: 'Whose peculiarities to respect. auto looks at the CSEBase at start and chooses.',
    allowed: 'auto, standard, acme, mobius4 or tinyiot',
  }),
  timeout: key(duration(10, 600_000).prefault('10s'), {
    kind: 'duration',
    description: 'How long one request to the CSE may take, waiting for a free connection included.',
    allowed: `${DURATION_FORMS}; from 10ms to 10m`,
  }),
  maxInFlight: wholeNumber(
    { min: 1, max: 1_024, usual: 32 },
    'Most requests on the wire to the CSE at once, however much waits.',
  ),
  inFlight: key(z.enum(['adaptive', 'fixed']).prefault('adaptive'), {
    kind: 'choice',
    description:
      'How many requests go on the wire at once: adaptive finds out how many, up to maxInFlight, bring the most answers a second (some CSEs are best with one), fixed is always maxInFlight.',
    allowed: 'adaptive or fixed',
  }),
  maxWait: key(duration(100, 600_000).prefault('1m'), {
    kind: 'duration',
    description:
      'How long a Register or Update may be expected to wait for the CSE; while more devices come than that allows, others are answered 5.03, each with a Max-Age of its own.',
    allowed: `${DURATION_FORMS}; from 100ms to 10m`,
  }),
  startTimeout: key(duration(0, 86_400_000).prefault('0s'), {
    kind: 'duration',
    description:
      'How long a start waits for a CSE that is not there yet and that no earlier run knew; one that was known is done without (whenAway: journal). 0 gives up at once with a message, and leaves it to the service manager to try again.',
    allowed: `${DURATION_FORMS}; from 0 to 1d`,
  }),
  whenAway: key(z.enum(['journal', 'refuse']).prefault('journal'), {
    kind: 'choice',
    description:
      'What becomes of a Register or Update while the CSE does not answer: journal accepts it and carries it out when the CSE is back, refuse answers 5.03 with Max-Age.',
    allowed: 'journal or refuse',
  }),
  reconcileInterval: key(duration(0, 604_800_000).prefault('1h'), {
    kind: 'duration',
    description:
      'How often what should be on the CSE is compared with what is there, and put right; besides at start, when the CSE is back and when something turns out to be missing. 0 leaves it at those.',
    allowed: `${DURATION_FORMS}; from 0 to 7d`,
  }),
  expiryRefresh: key(z.enum(['eager', 'lazy']).prefault('eager'), {
    kind: 'choice',
    description:
      'When the Update of a device moves expirationTime on: eager with every Update, lazy only when less than expiryShare of it is left (fewer requests).',
    allowed: 'eager or lazy',
  }),
  expiryShare: key(z.number().gt(0).lt(1).prefault(0.5), {
    kind: 'number',
    description: 'The share of its time below which an expirationTime is renewed; only for expiryRefresh: lazy.',
    allowed: 'a number between 0 and 1',
  }),
  expiryMargin: key(seconds(0, 86_400).prefault(60), {
    kind: 'integer',
    description:
      'Seconds added to the lifetime for expirationTime, so that a living IPE removes a silent device before the CSE does.',
    allowed: 'a whole number of seconds from 0 to 86400',
  }),
  tls: cseTlsSection.prefault({}),
  authorization: cseAuthorizationSection.prefault({}),
});

function releaseText(value: 3 | 4 | 5): '3' | '4' | '5' {
  return String(value) as '3' | '4' | '5';
}

import { IpeError } from '../../common/index.ts';
import {
  type CseBase,
  type CseClient,
  DIALECTS,
  type Dialect,
  degradations,
  detectDialect,
  ResourceType,
} from '../../cse-client/index.ts';
import { adminOf, type PresenceSettings } from './access.ts';
import { isRefused } from './refusals.ts';

/** The one known CSE whose CSEBase no registered AE may read. */
const HIDES_ITS_BASE = 'tinyiot';

/** What the CSEBase tells, and what follows from it. */
export interface CseDescription {
  readonly cseBase: CseBase | undefined;
  readonly dialect: Dialect;
  readonly degraded: readonly string[];
}

/**
 * The CSEBase as the IPE may read it, or as its administrator may; undefined while nobody of ours may. Rejects with
 * CseError, and with IpeError `cse/no-base` when there is none of that name.
 */
export async function readCseBase(client: CseClient, settings: PresenceSettings): Promise<CseBase | undefined> {
  for (const originator of [settings.originator, adminOf(settings)]) {
    if (originator === undefined) continue;
    try {
      return await client.retrieve(ResourceType.cseBase, settings.base, { originator });
    } catch (error) {
      if (isRefused(error, 4004)) throw noBase(settings, error);
      if (!isRefused(error, 4103, 4106, 4107, 5105)) throw error;
    }
  }
  return undefined;
}

/** Chooses the dialect and checks the release version; sets the client's dialect. IpeError `cse/release-version`. */
export function describeCse(
  client: CseClient,
  settings: PresenceSettings,
  cseBase: CseBase | undefined,
): CseDescription {
  const detected = cseBase === undefined ? HIDES_ITS_BASE : detectDialect(cseBase);
  const dialect = DIALECTS[settings.dialect === 'auto' ? detected : settings.dialect];
  client.dialect = dialect;
  if (cseBase?.srv !== undefined && !cseBase.srv.includes(settings.releaseVersion)) {
    throw new IpeError(
      'cse/release-version',
      `The CSE at ${settings.url} speaks the release versions ${cseBase.srv.join(', ')}, not ${settings.releaseVersion}: set cse.releaseVersion to one of them`,
    );
  }
  const degraded =
    cseBase === undefined
      ? [
          'the IPE may not read the CSEBase: taken for tinyIoT, which alone is known to hide it (set cse.dialect if it is not)',
        ]
      : [];
  return { cseBase, dialect, degraded: [...degraded, ...degradations(dialect, cseBase)] };
}

/** The CSE as an operator knows it: what it is, and its CSE-ID. */
export function cseTitle({ cseBase, dialect }: Pick<CseDescription, 'cseBase' | 'dialect'>): string {
  return `${dialect.title} ${cseBase?.csi ?? ''}`.trim();
}

function noBase(settings: PresenceSettings, cause: unknown): IpeError {
  return new IpeError(
    'cse/no-base',
    `The CSE at ${settings.url} has no CSEBase named ${settings.base}: check cse.base`,
    { cause },
  );
}

import { errorMessage, type Logger, silentLogger, systemClock } from '../common/index.ts';
import { CseClient, CseError, ResourceType } from '../cse-client/index.ts';
import { EmbeddedCse } from '../embedded-cse/index.ts';
import type { Configuration } from './configuration/index.ts';
import type { PresenceSettings } from './cse/access.ts';
import { describeCse, readCseBase } from './cse/inspection.ts';
import { CsePresence, policyName } from './cse/presence.ts';
import { isRefused } from './cse/refusals.ts';
import { cseClientOptions, embeddedCseOptions, presenceSettings } from './settings.ts';

/** One thing that the IPE may, may not, or may only partly do on a CSE. */
export interface CseFinding {
  readonly level: 'ok' | 'degraded' | 'error';
  readonly text: string;
}

/** What a CSE is and what the IPE may do there. */
export interface CseReport {
  readonly url: string;
  readonly cseId: string | undefined;
  readonly base: string;
  readonly title: string;
  readonly releaseVersions: readonly string[];
  readonly resourceTypes: readonly number[];
  readonly findings: readonly CseFinding[];
}

/**
 * Asks the configured CSE, or the embedded one, what it is and tries what the IPE needs; leaves it as it was. Rejects with
 * IpeError where there is nothing to ask: away, not a CSE, no such CSEBase, another release version.
 */
export async function inspectCse(configuration: Configuration, logger: Logger): Promise<CseReport> {
  const { url } = configuration.cse;
  if (url !== undefined) return inspect(configuration, url, logger);
  const cse = new EmbeddedCse({ ...embeddedCseOptions(configuration, silentLogger), port: 0 });
  const started = await cse.start();
  try {
    return await inspect(configuration, started.url, logger);
  } finally {
    await cse.stop();
  }
}

async function inspect(configuration: Configuration, url: string, logger: Logger): Promise<CseReport> {
  const settings = presenceSettings(configuration, url, () => configuration.http.publicUrl ?? 'http://127.0.0.1');
  const client = new CseClient(cseClientOptions(configuration, settings, logger));
  try {
    const first = await readCseBase(client, settings);
    const { findings, cseBase = first } = await tryOut(client, settings, logger);
    const { dialect, degraded } = describeCse(client, settings, cseBase);
    return {
      url,
      cseId: cseBase?.csi,
      base: settings.base,
      title: dialect.title,
      releaseVersions: cseBase?.srv ?? [],
      resourceTypes: cseBase?.srt ?? [],
      findings: [...findings, ...unseen(degraded, findings)],
    };
  } finally {
    await client.close();
  }
}

/** Registers as the IPE would, unless an IPE is registered already, and takes the registration away again. */
async function tryOut(client: CseClient, settings: PresenceSettings, logger: Logger) {
  const path = `${settings.base}/${settings.resourceName}`;
  const { originator } = settings;
  if (await exists(client, path)) {
    const findings: CseFinding[] = [{ level: 'ok', text: `${originator} is registered already, as ${path}` }];
    return { findings, cseBase: await readCseBase(client, settings) };
  }
  const presence = new CsePresence(client, settings, systemClock, logger);
  try {
    const state = await presence.establish();
    const findings: CseFinding[] = [
      { level: 'ok', text: `${originator} may register and make access control policies` },
      ...(state.nodeCreation === 'none' ? [] : [nodeFinding(state.nodeCreation)]),
      ...state.degraded.map((text) => ({ level: 'degraded', text }) as const),
    ];
    return { findings, cseBase: state.cseBase };
  } catch (error) {
    if (!(error instanceof CseError) || error.rsc === undefined) throw error;
    const findings: CseFinding[] = [{ level: 'error', text: `${originator} is refused: ${errorMessage(error)}` }];
    return { findings, cseBase: undefined };
  } finally {
    for (const mine of [path, `${settings.base}/${policyName(settings)}`])
      await client.delete(mine).catch(() => undefined);
  }
}

function nodeFinding(by: 'own' | 'administrator'): CseFinding {
  const who = by === 'own' ? 'the IPE itself' : 'cse.adminOriginator';
  return { level: 'ok', text: `<node> is created by ${who}` };
}

async function exists(client: CseClient, path: string): Promise<boolean> {
  try {
    await client.retrieve(ResourceType.ae, path);
    return true;
  } catch (error) {
    if (!isRefused(error, 4004, 4103, 4106, 4107)) throw error;
    return false;
  }
}

function unseen(degraded: readonly string[], findings: readonly CseFinding[]): CseFinding[] {
  return degraded
    .filter((text) => !findings.some((finding) => finding.text === text))
    .map((text) => ({ level: 'degraded', text }));
}

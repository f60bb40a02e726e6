import type { DialectName } from '../../cse-client/index.ts';
import { EmbeddedCse } from '../../embedded-cse/index.ts';
import { Acme } from './acme.ts';

/** A CSE that a suite runs against. */
export interface CseUnderTest {
  readonly url: string;
  readonly base: string;
  readonly cseId: string;
  readonly adminOriginator: string;
  readonly dialect: DialectName;
  stop(): Promise<void>;
}

/** Names under which each CSE is known by its maker's defaults. */
const NAMES: Readonly<Record<DialectName, { readonly cseId: string; readonly cseBase: string }>> = {
  standard: { cseId: '/id-in', cseBase: 'cse-in' },
  acme: { cseId: '/id-in', cseBase: 'cse-in' },
  mobius4: { cseId: '/Mobius4', cseBase: 'Mobius' },
  tinyiot: { cseId: '/tinyiot', cseBase: 'TinyIoT' },
};

/** The embedded CSE, playing a dialect. */
export async function startEmbedded(dialect: DialectName): Promise<CseUnderTest & { cse: EmbeddedCse }> {
  const { cseId, cseBase } = NAMES[dialect];
  const adminOriginator = 'CAdmin';
  const cse = new EmbeddedCse({ host: '127.0.0.1', port: 0, dialect, cseId, cseBase, adminOriginator });
  const { url } = await cse.start();
  return { cse, url, base: cseBase, cseId, adminOriginator, dialect, stop: () => cse.stop() };
}

/** A real ACME. */
export async function startAcme(): Promise<CseUnderTest & { acme: Acme }> {
  const acme = await Acme.start();
  const { url, cseBase, cseId, adminOriginator } = acme;
  return { acme, url, base: cseBase, cseId, adminOriginator, dialect: 'acme', stop: () => acme.stop() };
}

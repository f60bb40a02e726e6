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

/** The embedded CSE, playing a dialect. */
export async function startEmbedded(dialect: DialectName): Promise<CseUnderTest & { cse: EmbeddedCse }> {
  const cse = new EmbeddedCse({
    host: '127.0.0.1',
    port: 0,
    dialect,
    cseId: '/id-in',
    cseBase: 'cse-in',
    adminOriginator: 'CAdmin',
  });
  const { url } = await cse.start();
  return { cse, url, base: 'cse-in', cseId: '/id-in', adminOriginator: 'CAdmin', dialect, stop: () => cse.stop() };
}

/** A real ACME. */
export async function startAcme(): Promise<CseUnderTest & { acme: Acme }> {
  const acme = await Acme.start();
  const { url, cseBase, cseId, adminOriginator } = acme;
  return { acme, url, base: cseBase, cseId, adminOriginator, dialect: 'acme', stop: () => acme.stop() };
}

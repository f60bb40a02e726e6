import type { EmbeddedCseOptions } from '../../embedded-cse/index.ts';
import { EmbeddedCse } from '../../embedded-cse/index.ts';
import { Caller, type Subject } from '../contract/caller.ts';

/** An embedded CSE that listens, with its administrator's requests over HTTP. */
export interface Running {
  readonly cse: EmbeddedCse;
  readonly admin: Caller;
  readonly url: string;
}

/** Starts one; the caller stops it. */
export async function startEmbeddedCse(options: EmbeddedCseOptions = {}): Promise<Running> {
  const cse = new EmbeddedCse(options);
  const { url } = await cse.start();
  const stop = () => cse.stop();
  const subject: Subject = { name: 'embedded', url, base: cse.cseBase, cseId: cse.cseId, admin: 'CAdmin', stop };
  return { cse, admin: new Caller(subject, 'CAdmin'), url };
}

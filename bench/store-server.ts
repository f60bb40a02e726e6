import { parseArgs } from 'node:util';
import { silentLogger } from '../common/index.ts';
import { LmdbStore } from '../ipe/store/lmdb-store.ts';
import { recorded } from '../ipe/store/recording.ts';
import { Lwm2mServer, type RegistrationHandler } from '../lwm2m/index.ts';
import { serve } from './serve.ts';

/**
 * The LwM2M side alone, every registration accepted and recorded in the directory of the first argument. `--every-update`: also
 * each Update, where a record of the same minute would do.
 */

const ACCEPT_ALL: RegistrationHandler = {
  register: () => undefined,
  update: () => undefined,
  deregister: () => undefined,
  expire: () => undefined,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'every-update': { type: 'boolean', default: false } },
});
const store = LmdbStore.open({ path: positionals[0] ?? '', logger: silentLogger });
const unfollowed = { release: () => undefined, drop: () => undefined };
const server = new Lwm2mServer(
  { coap: { host: '127.0.0.1', port: 0 }, lifetime: { min: 1, max: 31_536_000, default: 86_400 } },
  recorded(ACCEPT_ALL, {
    store,
    follower: unfollowed,
    logger: silentLogger,
    random: Math.random,
    everyUpdate: values['every-update'],
  }),
);
await serve(server, () => store.close());

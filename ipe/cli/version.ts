import { existsSync, readFileSync } from 'node:fs';
import { IpeError } from '../../common/index.ts';

const NAME = 'lwm2m-ipe';

/** The version in the package.json of the installation; the file lies above this one, how far depends on the build. */
export function packageVersion(): string {
  for (let folder = new URL('./', import.meta.url), steps = 0; steps < 8; folder = new URL('../', folder), steps++) {
    const file = new URL('package.json', folder);
    if (!existsSync(file)) continue;
    const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string };
    if (name === NAME && version !== undefined) return version;
  }
  throw new IpeError('ipe/installation', 'the package.json of lwm2m-ipe is missing');
}

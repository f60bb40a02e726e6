// Makes the command-line entry executable after tsc has written it.
import { chmodSync } from 'node:fs';

chmodSync(new URL('../dist/ipe/main.js', import.meta.url), 0o755);

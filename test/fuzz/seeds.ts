import { readdirSync, readFileSync } from 'node:fs';

/** Files of a folder of the corpus that are worth starting from. */
export function readSeeds(folder: 'notifications' | 'configuration' | 'dtls'): readonly Buffer[] {
  const url = new URL(`./corpus/${folder}/`, import.meta.url);
  return readdirSync(url)
    .sort()
    .map((name) => readFileSync(new URL(name, url)));
}

/** Replays what was found: FUZZ_SEED=n FUZZ_COUNT=n npx vitest run test/fuzz. */
export const SEED = Number(process.env.FUZZ_SEED ?? 20_261_121);

/** How many are tried: `usual`, or FUZZ_COUNT. */
export function count(usual: number): number {
  return Number(process.env.FUZZ_COUNT ?? usual);
}

/** Milliseconds for a test of `usual` tries that takes well below a minute: more where more are asked for. */
export function timeLimit(usual: number): number {
  return 60_000 * Math.max(1, count(usual) / usual);
}

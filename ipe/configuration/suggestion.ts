/** Edit distance in which two swapped neighbours count once. */
function distance(from: string, to: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let best = Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) best = Math.min(best, before[column - 2]! + 1);
      current.push(best);
    }
    before = previous;
    previous = current;
  }
  return previous[to.length]!;
}

const LONGEST = 80;

/** The candidate that was probably meant, or nothing when none is close or the best two are equally close. */
export function closest(given: string, candidates: readonly string[]): string | undefined {
  if (given.length > LONGEST) return undefined;
  const rated = candidates
    .map((candidate) => ({ candidate, edits: distance(given.toLowerCase(), candidate.toLowerCase()) }))
    .sort((one, other) => one.edits - other.edits);
  const [best, second] = rated;
  if (best === undefined || best.edits > Math.max(1, Math.floor(given.length / 4))) return undefined;
  return second !== undefined && second.edits === best.edits ? undefined : best.candidate;
}

/** As `closest` for the path of a key; finds besides a key that was written into the wrong group. */
export function closestPath(given: string, candidates: readonly string[]): string | undefined {
  const near = closest(given, candidates);
  if (near !== undefined) return near;
  const name = lastName(given);
  const namesakes = candidates.filter((candidate) => lastName(candidate) === name);
  return namesakes.length === 1 ? namesakes[0] : undefined;
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1).toLowerCase();
}

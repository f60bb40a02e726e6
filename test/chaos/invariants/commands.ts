import type { Evidence, Invariant, StateWritten } from '../evidence.ts';

const FINAL: ReadonlySet<string> = new Set(['done', 'failed', 'expired']);

/** By id of the command, in the order in which they were written. */
function finalStates({ states }: Evidence): Map<string, StateWritten[]> {
  const found = new Map<string, StateWritten[]>();
  for (const one of states) if (FINAL.has(one.state)) found.set(one.id, [...(found.get(one.id) ?? []), one]);
  return found;
}

/** Two in one container, or two that differ wherever they stand. */
function isContradicted(ends: readonly StateWritten[]): boolean {
  const containers = new Set(ends.map(({ container }) => container));
  return containers.size < ends.length || new Set(ends.map(({ state }) => state)).size > 1;
}

function timesCarried({ carried }: Evidence): Map<string, number> {
  const times = new Map<string, number>();
  for (const { text } of carried) times.set(text, (times.get(text) ?? 0) + 1);
  return times;
}

/**
 * A command whose container is there to the end has an end, and no command has two. A container that was lost with what it
 * held, and was made anew, may be told once more what the bridge cannot know to have been heard: the same word.
 */
export const ONE_END: Invariant = {
  name: 'every accepted command has exactly one final state',
  broken(evidence) {
    const ends = finalStates(evidence);
    const many = [...ends].filter(([, all]) => isContradicted(all));
    const none = evidence.issued.filter(({ id, containerKept }) => containerKept && !ends.has(id));
    return [
      ...many.map(([id, all]) => `command ${id} ended as ${all.map(told).join(' and ')}`),
      ...none.map(({ id, endpoint }) => `command ${id} to ${endpoint} has no final state`),
    ];
  },
};

function told({ state, container, at }: StateWritten): string {
  return `${state} (${at}, in ${container})`;
}

/**
 * Whatever was killed in between, no device does the same command twice; but for one in queue mode, to which what it did not
 * answer is sent again.
 */
export const ONCE: Invariant = {
  name: 'no command is carried out twice',
  broken(evidence) {
    const sleepers = new Set(evidence.devices.filter(({ queueMode }) => queueMode).map(({ endpoint }) => endpoint));
    const repeated = new Set(evidence.issued.filter(({ endpoint }) => sleepers.has(endpoint)).map(({ text }) => text));
    const times = [...timesCarried(evidence)].filter(([text, n]) => n > 1 && !repeated.has(text));
    return times.map(([text, n]) => `${text} was carried out ${n} times`);
  },
};

/** `done` is said of what a device has done, `expired` of what none was asked. */
export const TRUE_ENDS: Invariant = {
  name: 'what is said of a command is true',
  broken(evidence) {
    const ends = finalStates(evidence);
    const times = timesCarried(evidence);
    return evidence.issued.flatMap(({ id, text }) => {
      const carried = times.has(text);
      const said = ends.get(id)?.map(({ state }) => state) ?? [];
      if (said.includes('done') && !carried) return [`command ${id} is done, and no device has done it`];
      if (said.includes('expired') && carried) return [`command ${id} is expired, and a device has done it`];
      return [];
    });
  },
};

/** In the calm at the end every registered device takes commands. */
export const COMMANDED: Invariant = {
  name: 'a registered device can be commanded in the end',
  broken: ({ uncommanded }) => uncommanded.map((endpoint) => `${endpoint} takes no requests`),
};

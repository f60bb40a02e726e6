/** How values of an object stand in the tree: as containers (TS-0014 8), encapsulated (TS-0014 7), in both ways, or not at all. */
export type ValueMode = 'semantic' | 'transparent' | 'both' | 'none';

/** Whether instances of an object are observed; `on-subscription`: what applications subscribe to, while they do. */
export type ObserveMode = 'always' | 'on-subscription' | 'never';

/** Milliseconds of age beyond which a RETRIEVE of the latest value asks the device, where the CSE can wait for that. */
export type ReadThroughAge = number | 'off';

/** Another choice for some objects, some endpoints, or both; what is absent matches everything or changes nothing. */
export interface ValueRule {
  readonly object?: number | undefined;
  /** `*` stands for any text. */
  readonly endpoint?: string | undefined;
  readonly mode?: ValueMode | undefined;
  readonly observe?: ObserveMode | undefined;
  readonly readThrough?: ReadThroughAge | undefined;
}

/** The configured choice: the first rule that matches, over what holds for all. */
export interface ValuePolicySettings {
  readonly mode: ValueMode;
  readonly observe: ObserveMode;
  /** Absent: off. */
  readonly readThrough?: ReadThroughAge | undefined;
  readonly rules: readonly ValueRule[];
}

/** What is done with the values of one object of one endpoint. */
export interface ValuePolicy {
  readonly semantic: boolean;
  readonly transparent: boolean;
  readonly observe: ObserveMode;
}

/** Objects that are read and never observed, and why. */
export const NEVER_OBSERVED: ReadonlyMap<number, string> = new Map([
  [0, 'Security: belongs to the Bootstrap-Server (LwM2M 1.1 E.1)'],
  [1, 'Server: written by the server itself (LwM2M 1.1 E.2)'],
  [2, 'Access Control: written by the server itself (LwM2M 1.1 E.3)'],
  [5, 'Firmware Update: changes during an update alone (LwM2M 1.1 E.6)'],
  [21, 'OSCORE: belongs to the Bootstrap-Server (LwM2M 1.1 E.9)'],
]);

/** The policy of one object of one endpoint. */
export function valuePolicy(settings: ValuePolicySettings, endpoint: string, objectId: number): ValuePolicy {
  const rule = ruleFor(settings, endpoint, objectId);
  const mode = rule?.mode ?? settings.mode;
  const observe = rule?.observe ?? settings.observe;
  return {
    semantic: mode === 'semantic' || mode === 'both',
    transparent: mode === 'transparent' || mode === 'both',
    observe: mode === 'none' || NEVER_OBSERVED.has(objectId) ? 'never' : observe,
  };
}

/** From which age on, in milliseconds, values of an object of an endpoint are asked for when they are retrieved; undefined: never. */
export function readThroughAge(settings: ValuePolicySettings, endpoint: string, objectId: number): number | undefined {
  const rule = ruleFor(settings, endpoint, objectId);
  const age = rule?.readThrough ?? settings.readThrough ?? 'off';
  return age === 'off' || (rule?.mode ?? settings.mode) === 'none' ? undefined : age;
}

function ruleFor({ rules }: ValuePolicySettings, endpoint: string, objectId: number): ValueRule | undefined {
  return rules.find(
    (one) =>
      (one.object === undefined || one.object === objectId) &&
      (one.endpoint === undefined || matchesPattern(one.endpoint, endpoint)),
  );
}

/** Whether text is what a pattern says, `*` standing for any text; in linear time for any pattern. */
export function matchesPattern(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  const first = parts[0] as string;
  const last = parts.at(-1) as string;
  if (parts.length === 1) return text === pattern;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

import { type ObservationChange, type Operation, parsePath, type Report } from '../../../lwm2m/index.ts';
import { pair } from '../operation/bench-of-devices.ts';
import type { RegisterParts, Script, ServerRequest } from '../operation/scripted-device.ts';

/** Observes a path. */
export const observe = (path: string): Operation => ({ type: 'observe', path: parsePath(path) });
/** Ends an observation. */
export const cancel = (path: string): Operation => ({ type: 'cancel-observe', path: parsePath(path) });
/** A value of resource 5700 as SenML JSON. */
export const senml = (value: number, instance = '/3303/0') => ({
  format: 110,
  payload: `[{"n":"${instance}/5700","v":${value}}]`,
});
/** The values of reports, in order. */
export const values = (reports: readonly Report[]) => reports.flatMap(({ nodes }) => nodes.map(({ value }) => value));

/** Answers Observe as a device that takes it up, whose numbers start at `first`. */
export const observable =
  (first = 1): Script =>
  ({ observe: wish, path }) => ({
    code: '2.05',
    ...senml(0, path),
    ...(wish === 0 ? { observe: first } : undefined),
  });

/** A registered device, what it reported and what became of its observations. */
export async function observed(script: Script = observable(), parts: RegisterParts = {}) {
  const reports: Report[] = [];
  const changes: ObservationChange[] = [];
  const arrived: (() => void)[] = [];
  const told = (): void => arrived.splice(0).forEach((wake) => void wake());
  const bench = await pair(script, parts, {
    report: (report) => {
      reports.push(report);
      told();
    },
    observationChanged: (change) => {
      changes.push(change);
      told();
    },
  });
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) await new Promise<void>((wake) => arrived.push(wake));
  };
  return { ...bench, reports, changes, until };
}

/** The token of a request. */
export const tokenOf = (request: ServerRequest | undefined): Buffer => request!.token;

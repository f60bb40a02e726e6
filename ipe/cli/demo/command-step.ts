import type { CommandState, DemoApplication, SeenResource } from './application.ts';
import { plain } from './line.ts';
import { pause } from './pause.ts';
import type { Story } from './story.ts';

/** What the step needs. */
export interface CommandStepParts {
  readonly application: DemoApplication;
  readonly story: Story;
  readonly signal: AbortSignal;
}

/** On/Off of a light (OMA object 3311, resource 5850), which every light has and anybody may write. */
const SWITCH = 'LWM2MURI:/3311/0/5850';
const PATH = '/3311/0/5850';
const FINAL: readonly string[] = ['done', 'failed', 'expired'];
/** Longest wait for the last word, and between two looks; milliseconds. */
const PATIENCE = 10_000;
const LOOK_INTERVAL = 50;

/** The container of a light's switch among what the application found. */
export function lightSwitch(seen: readonly SeenResource[]): SeenResource | undefined {
  return seen.find(({ labels }) => labels.includes(SWITCH));
}

/** Lets the application switch a light, and shows each state that the command reaches. */
export async function showCommand(container: SeenResource, { application, story, signal }: CommandStepParts) {
  const ae = container.path.split('/').slice(0, 2).join('/');
  const request = { id: 'demo-1', operation: 'write', path: PATH, value: container.value !== 'true' };
  story.text(`A light is switched by a contentInstance in ${ae}/requests:`);
  story.lines([[['  '.concat(JSON.stringify(request)), 'cyan']]]);
  story.text(`What became of it stands in ${ae}/responses:`);
  await application.command(ae, request);
  let told = 0;
  for (let waited = 0; waited < PATIENCE && !signal.aborted; waited += LOOK_INTERVAL) {
    const states = await application.commandStates(ae, request.id);
    story.lines(states.slice(told).map((state) => [plain(`  ${stateText(state)}`)[0] ?? ['', 'plain']]));
    told = states.length;
    if (FINAL.includes(states.at(-1)?.state ?? '')) return;
    await pause(LOOK_INTERVAL, signal);
  }
}

function stateText({ state, code = '', reason = '' }: CommandState): string {
  return `${state.padEnd(8)} ${code} ${reason}`.trimEnd();
}

import { type DemoApplication, SEARCHED_LABEL, type SeenResource } from './application.ts';
import { lightSwitch, showCommand } from './command-step.ts';
import { commandsToTry } from './commands-to-try.ts';
import type { DemoDevice } from './devices.ts';
import { plain } from './line.ts';
import type { DemoBridge, MovedPort } from './parts.ts';
import { aborted, pause } from './pause.ts';
import type { Screen } from './screen.ts';
import { indented, Story } from './story.ts';
import { changesBetween, shortTreeLines, treeLines } from './tree-view.ts';

/** Everything that the tour shows. */
export interface TourParts {
  readonly screen: Screen;
  readonly bridge: DemoBridge;
  readonly application: DemoApplication;
  /** At least one. */
  readonly devices: readonly DemoDevice[];
  /** How this program is called on this machine. */
  readonly program: string;
  /** Ends the tour early. */
  readonly signal: AbortSignal;
}

/** Between two looks of the application, and between two devices, so that eyes can follow; milliseconds. */
const LOOK_INTERVAL = 1_000;
const ARRIVAL_PAUSE = 600;
/** Longest wait until the CSE shows what a device did; milliseconds. */
const PATIENCE = 5_000;
/** Rows that the commands to try take, with what stands around them. */
const COMMAND_ROWS = 20;
/** A device comes or goes every so many looks. */
const LOOKS_PER_MOVE = 15;

/** Shows in a few steps what the bridge does, then goes on showing what changes. */
export class Tour {
  readonly #parts: TourParts;
  readonly #story: Story;
  #seen: readonly SeenResource[] = [];

  constructor(parts: TourParts) {
    this.#parts = parts;
    this.#story = new Story(parts.screen);
  }

  /** All steps, or as many as the signal allows. */
  async steps(): Promise<void> {
    const { signal } = this.#parts;
    this.#introduce();
    const steps = [
      () => this.#arrivals(),
      () => this.#tree(),
      () => this.#command(),
      () => this.#departure(),
      () => this.#commands(),
    ];
    for (const step of steps) if (!signal.aborted) await step();
  }

  /** Goes on until the signal: devices come and go, what the application sees is shown. */
  async live(): Promise<void> {
    const { screen, signal } = this.#parts;
    const rest = screen.terminal ? 'Below is what the application sees now.' : 'Below is what changes in the tree.';
    this.#story.step('Live, until Ctrl-C');
    this.#story.text(`Each Update of a device moves its expiration on; one device comes and goes. ${rest}`);
    for (let looks = 1; !signal.aborted; looks++) {
      if (looks % LOOKS_PER_MOVE === 0) await this.#move(Math.floor(looks / LOOKS_PER_MOVE));
      const before = this.#seen;
      await this.#look();
      this.#showChanges(before);
      await pause(LOOK_INTERVAL, signal);
    }
    screen.keep();
  }

  /** What happens now that all has been shown. */
  farewell(): void {
    this.#parts.screen.say([plain('')]);
    this.#story.text('The end: the devices de-register, then bridge and CSE stop.');
  }

  #introduce(): void {
    const { ready, configuration, moved } = this.#parts.bridge;
    const remark = (part: MovedPort, usual: number) => (moved.has(part) ? `port ${usual} is taken` : '');
    this.#story.title('lwm2m-ipe demo', 'LwM2M devices, seen by a oneM2M application');
    this.#story.step('Three parts are running');
    const cse = `${ready.cse.url}/${configuration.cse.base}`;
    this.#story.row('CSE', cse, 'a oneM2M CSE in memory', remark('embeddedCse', 8080));
    const coap = `coap://127.0.0.1:${ready.coap?.port}`;
    this.#story.row('lwm2m-ipe', coap, 'the bridge: LwM2M server here, AE there', remark('lwm2m.coap', 5683));
    this.#story.row('Cdemo-app', 'an AE at the CSE', 'an application: it has never heard of LwM2M');
  }

  async #arrivals(): Promise<void> {
    const { devices, screen, signal } = this.#parts;
    this.#story.step('Devices register with the bridge');
    for (const device of devices) {
      await Promise.race([device.arrive(), aborted(signal)]);
      if (signal.aborted) return;
      this.#story.arrival(device.endpoint, device.about);
      if (screen.terminal) await pause(ARRIVAL_PAUSE, signal);
    }
  }

  async #tree(): Promise<void> {
    this.#story.step('What the application finds');
    this.#story.text(`It discovers by the label ${SEARCHED_LABEL} and reads what it finds.`);
    await this.#settle();
    this.#story.lines(treeLines(this.#base, this.#seen, new Set()));
  }

  /** Only where a light has registered. */
  async #command(): Promise<void> {
    const container = lightSwitch(this.#seen);
    if (container === undefined) return;
    const { application, screen, signal } = this.#parts;
    if (screen.terminal) await pause(ARRIVAL_PAUSE, signal);
    this.#story.step('The application commands a device');
    await showCommand(container, { application, story: this.#story, signal });
    const latest = (resources: readonly SeenResource[]) => resources.find(({ path }) => path === container.path)?.value;
    await this.#lookUntil((resources) => latest(resources) !== container.value);
    this.#story.text(`${container.path}/la was ${container.value}, and is ${latest(this.#seen)} now.`);
  }

  async #departure(): Promise<void> {
    const { devices, screen, signal } = this.#parts;
    const leaving = devices.at(-1);
    if (leaving === undefined) return;
    if (screen.terminal) await pause(ARRIVAL_PAUSE, signal);
    this.#story.step('A device leaves');
    await leaving.leave();
    this.#story.departure(leaving.endpoint, 'De-register; its resources go from the CSE:');
    const before = this.#seen;
    await this.#lookUntil((resources) => changesBetween(before, resources).went.length > 0);
    this.#tellChanges(before);
  }

  #commands(): void {
    const { ready } = this.#parts.bridge;
    const device = this.#seen
      .find(({ type }) => type === 2)
      ?.path.split('/')
      .at(-1);
    this.#story.step('Look for yourself, in another terminal');
    const base = this.#base;
    const healthUrl = `http://127.0.0.1:${ready.http.port}`;
    this.#story.commands(
      commandsToTry({
        cseUrl: ready.cse.url,
        base,
        coapPort: ready.coap?.port ?? 0,
        healthUrl,
        device,
        light: lightSwitch(this.#seen)?.path.split('/')[1],
        program: this.#parts.program,
      }),
    );
  }

  get #base(): string {
    return this.#parts.bridge.configuration.cse.base;
  }

  async #look(): Promise<void> {
    this.#seen = await this.#parts.application.look();
  }

  /** Looks until values are there and nothing has been added for two looks: devices are read after they registered. */
  async #settle(): Promise<void> {
    let [before, same] = [-1, 0];
    await this.#lookUntil((resources) => {
      const filled = resources.filter(({ value }) => value !== undefined).length;
      same = filled > 0 && resources.length + filled === before ? same + 1 : 0;
      before = resources.length + filled;
      return same === 2;
    });
  }

  async #lookUntil(enough: (resources: readonly SeenResource[]) => boolean): Promise<void> {
    const { signal } = this.#parts;
    for (let waited = 0; waited < PATIENCE && !signal.aborted; waited += 50) {
      await this.#look();
      if (enough(this.#seen)) return;
      await pause(50, signal);
    }
  }

  /** The last device comes back, the next time it leaves again. */
  async #move(turn: number): Promise<void> {
    const device = this.#parts.devices.at(-1);
    if (device === undefined) return;
    if (turn % 2 === 1) {
      await device.arrive();
      this.#story.arrival(device.endpoint, 'Register');
    } else {
      await device.leave();
      this.#story.departure(device.endpoint, 'De-register');
    }
  }

  #showChanges(before: readonly SeenResource[]): void {
    const { screen } = this.#parts;
    const fresh = new Set(changesBetween(before, this.#seen).came);
    if (!screen.terminal) {
      this.#tellChanges(before);
      return;
    }
    // The commands above should stay in sight.
    const whole = treeLines(this.#base, this.#seen, fresh);
    const fits = whole.length + COMMAND_ROWS <= screen.rows;
    screen.show(indented(fits ? whole : shortTreeLines(this.#base, this.#seen, fresh)));
  }

  #tellChanges(before: readonly SeenResource[]): void {
    const { came, went } = changesBetween(before, this.#seen);
    this.#story.lines([
      ...went.map(
        (path) =>
          [
            ['  - ', 'red'],
            [path, 'plain'],
          ] as const,
      ),
      ...came.map(
        (path) =>
          [
            ['  + ', 'green'],
            [path, 'plain'],
          ] as const,
      ),
    ]);
  }
}

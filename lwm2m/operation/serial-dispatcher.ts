import type { Dispatcher, WaitingOperation } from './dispatcher.ts';
import type { OperationLimits } from './limits.ts';
import { invalid, type Outcome } from './outcome.ts';

interface Entry {
  readonly waiting: WaitingOperation;
  readonly settle: (outcome: Outcome) => void;
}

/** The operations that wait for one device. */
interface Line {
  readonly endpoint: string;
  readonly command: Entry[];
  readonly background: Entry[];
  underWay: boolean;
}

const CANCELLED: Outcome = Object.freeze({ kind: 'cancelled' });

/**
 * One operation at a time for a device, in the order they came, commands before background work; devices take turns
 * where more operations would be under way than allowed.
 */
export class SerialDispatcher implements Dispatcher {
  readonly #limits: OperationLimits;
  readonly #lines = new Map<string, Line>();
  /** Devices with something to do and nothing under way, in the order in which their turn comes. */
  readonly #ready = { command: new Set<Line>(), background: new Set<Line>() };
  #waiting = 0;
  #underWay = 0;

  constructor(limits: OperationLimits) {
    this.#limits = limits;
  }

  /** Operations that wait, and those under way. */
  get held(): { readonly waiting: number; readonly underWay: number } {
    return { waiting: this.#waiting, underWay: this.#underWay };
  }

  dispatch(waiting: WaitingOperation): Promise<Outcome> {
    const { endpoint, urgency, signal } = waiting;
    if (signal.aborted) return Promise.resolve(CANCELLED);
    const line = this.#lines.get(endpoint) ?? { endpoint, command: [], background: [], underWay: false };
    if (line.command.length + line.background.length >= this.#limits.waitingPerDevice) {
      return Promise.resolve(invalid('too many operations wait for the device'));
    }
    if (this.#waiting >= this.#limits.waitingInAll) return Promise.resolve(invalid('too many operations wait'));
    this.#lines.set(endpoint, line);
    return new Promise((resolve) => {
      const abandon = (): void => this.#abandon(line, entry);
      const settle = (outcome: Outcome): void => {
        signal.removeEventListener('abort', abandon);
        resolve(outcome);
      };
      const entry: Entry = { waiting, settle };
      signal.addEventListener('abort', abandon, { once: true });
      line[urgency].push(entry);
      this.#waiting += 1;
      this.#offer(line);
      this.#advance();
    });
  }

  /** Under way it goes on until whoever carries it out has seen the signal. */
  #abandon(line: Line, entry: Entry): void {
    const list = line[entry.waiting.urgency];
    const place = list.indexOf(entry);
    if (place < 0) return;
    list.splice(place, 1);
    this.#waiting -= 1;
    if (list.length === 0) this.#ready[entry.waiting.urgency].delete(line);
    this.#forgetIdle(line);
    entry.settle(CANCELLED);
  }

  #offer(line: Line): void {
    if (line.underWay) return;
    if (line.command.length > 0) this.#ready.command.add(line);
    if (line.background.length > 0) this.#ready.background.add(line);
  }

  #advance(): void {
    while (this.#underWay < this.#limits.underWay) {
      const { command, background } = this.#ready;
      const line = (command.values().next().value ?? background.values().next().value) as Line | undefined;
      if (line === undefined) return;
      command.delete(line);
      background.delete(line);
      void this.#run(line, (line.command.shift() ?? line.background.shift()) as Entry);
    }
  }

  async #run(line: Line, { waiting, settle }: Entry): Promise<void> {
    line.underWay = true;
    this.#waiting -= 1;
    this.#underWay += 1;
    settle(await waiting.carryOut());
    this.#underWay -= 1;
    line.underWay = false;
    this.#offer(line);
    this.#forgetIdle(line);
    this.#advance();
  }

  #forgetIdle(line: Line): void {
    if (line.underWay || line.command.length > 0 || line.background.length > 0) return;
    this.#lines.delete(line.endpoint);
  }
}

import { errorMessage, IpeError, type Timer } from '../../common/index.ts';
import type { DeviceEvent, DeviceOptions } from '../options.ts';
import type { ServerAccount } from './account-store.ts';
import { BootstrapClient } from './bootstrap-client.ts';
import type { BootstrapSettings } from './bootstrap-settings.ts';

/** Has a device bootstrapped, however many attempts it takes. */
export class BootstrapLoop {
  readonly #options: DeviceOptions;
  readonly #settings: BootstrapSettings;
  readonly #tell: (event: DeviceEvent) => void;
  #client: BootstrapClient | undefined;
  #timer: Timer | undefined;
  #wake: (() => void) | undefined;
  #stopped = false;

  constructor(options: DeviceOptions, settings: BootstrapSettings, tell: (event: DeviceEvent) => void) {
    this.#options = options;
    this.#settings = settings;
    this.#tell = tell;
  }

  /** The account that the device was given; undefined when it was stopped before. */
  async run(): Promise<ServerAccount | undefined> {
    const { retry, random } = this.#options;
    for (let attempt = 0; !this.#stopped; attempt += 1) {
      const account = await this.#attempt();
      if (account !== undefined) return account;
      const backoff = Math.min(retry.initial * 2 ** Math.min(attempt, 30), retry.max);
      if (!this.#stopped) await this.#sleep(backoff * (1 + 0.1 * random()));
    }
    return undefined;
  }

  /** Gives up. */
  stop(): void {
    this.#stopped = true;
    this.#client?.stop();
    this.#timer?.cancel();
    this.#wake?.();
  }

  async #attempt(): Promise<ServerAccount | undefined> {
    this.#client = new BootstrapClient(this.#options, this.#settings);
    try {
      const account = await this.#client.run();
      this.#tell({ type: 'bootstrapped', server: account.server });
      return account;
    } catch (error) {
      const code = error instanceof IpeError ? error.code : 'simulator/socket';
      if (code !== 'simulator/stopped') {
        this.#tell({ type: 'failed', operation: 'bootstrap', code, message: errorMessage(error) });
      }
      return undefined;
    } finally {
      this.#client = undefined;
    }
  }

  #sleep(delay: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#timer = this.#options.clock.timer(delay, resolve);
    });
  }
}

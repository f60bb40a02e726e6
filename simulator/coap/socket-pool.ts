import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { IpeError } from '../../common/index.ts';
import { CoapPort } from './coap-port.ts';
import type { DeviceSocketOptions } from './device-socket.ts';

/** Files held back and let go when the limit of open files is met, so that the rest of the process can go on. */
const SPARE_FILES = 8;

/**
 * Ports for many endpoints: one each up to `limit`, then the open ones in turn. Where the process may open no more
 * files the limit falls to what is open.
 */
export class SocketPool {
  readonly #ports: CoapPort[] = [];
  readonly #options: DeviceSocketOptions;
  #spare: number[] = [];
  #limit: number;
  #next = 0;
  #filesExhausted = false;

  /** `limit` is at least 1. */
  constructor(limit: number, options: DeviceSocketOptions) {
    this.#limit = limit;
    this.#options = options;
  }

  /** Sockets that are open. */
  get size(): number {
    return this.#ports.length;
  }

  /** True when the limit of open files was met, so that endpoints share sockets. */
  get filesExhausted(): boolean {
    return this.#filesExhausted;
  }

  /** A port of its own while there may be one, else a shared one. Throws as `openSocket` where not one can be had. */
  async take(): Promise<CoapPort> {
    this.#holdSpareFiles();
    if (this.#ports.length < this.#limit) {
      try {
        const port = await CoapPort.open(this.#options);
        this.#ports.push(port);
        return port;
      } catch (error) {
        const exhausted = error instanceof IpeError && error.code === 'simulator/too-many-sockets';
        if (!exhausted || this.#ports.length === 0) throw error;
        this.#filesExhausted = true;
        this.#limit = this.#ports.length;
        this.#freeSpareFiles();
      }
    }
    const port = this.#ports[this.#next % this.#ports.length] as CoapPort;
    this.#next += 1;
    return port;
  }

  /** Closes every port. */
  close(): void {
    for (const port of this.#ports.splice(0)) port.close();
    this.#freeSpareFiles();
  }

  #holdSpareFiles(): void {
    if (this.#ports.length > 0) return;
    while (this.#spare.length < SPARE_FILES) this.#spare.push(openSync(devNull, 'r'));
  }

  #freeSpareFiles(): void {
    for (const file of this.#spare.splice(0)) closeSync(file);
  }
}

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { chance } from './random.ts';

/** What happens to datagrams: parts of 0 to 1, and milliseconds. */
export interface NetworkWeather {
  readonly loss: number;
  readonly duplicate: number;
  /** Each copy is held for a time up to this, so that it may be overtaken. */
  readonly delay: number;
}

export const FAIR: NetworkWeather = { loss: 0, duplicate: 0, delay: 0 };

/** Who looks on. */
export interface DatagramWitness {
  /** A device sent it, and it now leaves for the bridge; called for each copy. */
  towardsBridge(bytes: Buffer): void;
  /** A device sent it, whatever becomes of it. */
  fromDevice(bytes: Buffer): void;
  /** The bridge sent it, whatever becomes of it. */
  fromBridge(bytes: Buffer): void;
}

const UP = 1;
const DOWN = 2;

/** Stands between one device and the bridge, and loses, doubles and holds datagrams as the seed has it. */
export class UdpRelay {
  weather: NetworkWeather = FAIR;
  readonly #front: Socket;
  readonly #back: Socket;
  readonly #seed: number;
  readonly #bridge: () => number;
  readonly #counts = { [UP]: 0, [DOWN]: 0 };
  #device: { readonly address: string; readonly port: number } | undefined;
  #closed = false;

  private constructor(seed: number, bridge: () => number, witness: DatagramWitness, front: Socket, back: Socket) {
    this.#seed = seed;
    this.#bridge = bridge;
    this.#front = front;
    this.#back = back;
    front.on('message', (bytes, from) => {
      this.#device = from;
      witness.fromDevice(bytes);
      this.#pass(UP, () => {
        const port = this.#bridge();
        if (port === 0) return;
        witness.towardsBridge(bytes);
        back.send(bytes, port, '127.0.0.1');
      });
    });
    back.on('message', (bytes) => {
      witness.fromBridge(bytes);
      this.#pass(DOWN, () => {
        const device = this.#device;
        if (device !== undefined) front.send(bytes, device.port, device.address);
      });
    });
    for (const socket of [front, back]) socket.on('error', () => {});
  }

  /** Opens both sides on free ports of the loopback; `bridge` gives the port that the bridge listens on now. */
  static async open(seed: number, bridge: () => number, witness: DatagramWitness): Promise<UdpRelay> {
    const [front, back] = await Promise.all([opened(), opened()]);
    return new UdpRelay(seed, bridge, witness, front, back);
  }

  /** Where the device sends to. */
  get port(): number {
    return this.#front.address().port;
  }

  close(): void {
    this.#closed = true;
    this.#front.close();
    this.#back.close();
  }

  #pass(direction: typeof UP | typeof DOWN, send: () => void): void {
    const { loss, duplicate, delay } = this.weather;
    const number = this.#counts[direction]++;
    const draw = (what: number) => chance(this.#seed, direction, number, what);
    if (draw(1) < loss) return;
    const copies = draw(2) < duplicate ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const wait = Math.floor(draw(3 + copy) * delay);
      if (wait === 0) send();
      else setTimeout(() => this.#closed || send(), wait);
    }
  }
}

async function opened(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

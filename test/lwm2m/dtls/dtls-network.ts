import { systemClock } from '../../../common/index.ts';
import { peerAt } from '../../../lwm2m/coap/peers.ts';
import type { DatagramTransport, ReceiveDatagram } from '../../../lwm2m/coap/transport.ts';
import type { Peer } from '../../../lwm2m/coap/types.ts';
import { DtlsServer } from '../../../lwm2m/dtls/dtls-server.ts';
import type { DtlsServerOptions } from '../../../lwm2m/dtls/options.ts';
import type { CloseReason, DtlsSession } from '../../../lwm2m/dtls/session.ts';
import { ClientContext, type ClientSettings, DtlsClient } from './openssl-client.ts';

export const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

/** The address of a client, and what it heard. */
export class Device {
  client: DtlsClient;
  readonly peer: Peer;
  readonly heard: string[] = [];
  /** Datagrams of the device, and to it, in the order in which they were handed to the network. */
  readonly sent: Buffer[] = [];
  readonly received: Buffer[] = [];
  readonly #network: DtlsNetwork;
  readonly #newClient: () => DtlsClient;

  constructor(network: DtlsNetwork, context: ClientContext, peer: Peer, settings: ClientSettings) {
    this.#network = network;
    this.peer = peer;
    const send = (datagram: Buffer) => {
      this.sent.push(datagram);
      network.toServer(datagram, peer);
    };
    this.#newClient = () => new DtlsClient(context, settings, send);
    this.client = this.#newClient();
  }

  /** Sends again what is overdue; where OpenSSL has given the handshake up, the device begins another. */
  tick(): void {
    this.client.tick();
    if (!this.client.failed) return;
    this.client.free();
    this.client = this.#newClient();
    this.client.start();
  }

  take(datagram: Buffer): void {
    this.received.push(datagram);
    for (const message of this.client.take(datagram)) this.heard.push(message.toString('latin1'));
  }

  say(text: string): void {
    this.client.write(Buffer.from(text, 'latin1'));
    this.#network.run();
  }
}

/** A DTLS server that echoes in upper case, and its devices, with a network between them that is a queue. */
export class DtlsNetwork {
  readonly server: DtlsServer;
  readonly heard: { from: Peer; text: string }[] = [];
  readonly established: { session: DtlsSession; previous: DtlsSession | undefined }[] = [];
  readonly closed: { session: DtlsSession; reason: CloseReason }[] = [];
  readonly keys = new Map<string, Uint8Array>([['device', KEY]]);
  /** Datagrams and bytes that the server sent, to whomever. */
  sent = 0;
  sentBytes = 0;
  /** Decides what becomes of a datagram: how often it arrives, each time at which place of the queue from behind. */
  fate: (datagram: Buffer, towards: 'server' | 'device') => readonly number[] = () => [0];
  readonly #contexts = new Map<string, ClientContext>();
  readonly #devices = new Map<string, Device>();
  readonly #queue: (() => void)[] = [];
  #receive: ReceiveDatagram = () => {};
  #port = 10_000;

  private constructor(options: Partial<DtlsServerOptions>) {
    const lower: DatagramTransport = {
      open: (receive) => {
        this.#receive = receive;
        return Promise.resolve({ address: '192.0.2.1', port: 5684 });
      },
      send: (peer, buffer, offset, length) => {
        this.sent++;
        this.sentBytes += length;
        const datagram = Buffer.from(buffer.subarray(offset, offset + length));
        this.#carry(datagram, 'device', () => this.#devices.get(peer.key)?.take(datagram));
      },
      peer: (peer) => peer,
      close: () => Promise.resolve(),
    };
    this.server = new DtlsServer({
      host: '192.0.2.1',
      port: 5684,
      lower,
      credential: (identity) => this.keys.get(identity),
      established: (session, previous) => this.established.push({ session, previous }),
      closed: (session, reason) => this.closed.push({ session, reason }),
      ...options,
    });
  }

  static async open(options: Partial<DtlsServerOptions> = {}): Promise<DtlsNetwork> {
    const network = new DtlsNetwork(options);
    await network.server.open(
      (data, from) => {
        network.heard.push({ from, text: data.toString('latin1') });
        const answer = Buffer.from(data.toString('latin1').toUpperCase(), 'latin1');
        network.server.send(from, answer, 0, answer.length);
      },
      { droppedBusy: 0, socketErrors: 0 },
    );
    return network;
  }

  /** A device that has not begun yet. */
  async device(settings: ClientSettings = {}, port = ++this.#port): Promise<Device> {
    const { ciphers, certificate, rawPublicKey } = settings;
    const kind = `${ciphers} ${certificate?.chain} ${rawPublicKey}`;
    const context = this.#contexts.get(kind) ?? (await ClientContext.load(ciphers, certificate, rawPublicKey));
    this.#contexts.set(kind, context);
    const device = new Device(this, context, peerAt('192.0.2.9', port), { identity: 'device', key: KEY, ...settings });
    this.#devices.set(device.peer.key, device);
    return device;
  }

  /** A device after its handshake, as far as that succeeded. */
  async connect(settings: ClientSettings = {}, port?: number): Promise<Device> {
    const device = await this.device(settings, port);
    device.client.start();
    this.run();
    return device;
  }

  toServer(datagram: Buffer, from: Peer): void {
    this.#carry(datagram, 'server', () => this.#receive(datagram, from));
  }

  /** Carries until nothing is left. */
  run(): void {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) next();
  }

  /** Carries, and lets time pass for retransmissions, until `done` or the deadline; true when done. */
  async runUntil(done: () => boolean, devices: readonly Device[], most = 15_000): Promise<boolean> {
    const until = systemClock.monotonic() + most;
    while (!done() && systemClock.monotonic() < until) {
      this.run();
      for (const device of devices) if (!device.client.established) device.tick();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    this.run();
    return done();
  }

  async close(): Promise<void> {
    for (const device of this.#devices.values()) device.client.free();
    this.#devices.clear();
    await this.server.close();
    for (const context of this.#contexts.values()) context.free();
  }

  /** The device is switched off. */
  forget(device: Device): void {
    device.client.free();
    this.#devices.delete(device.peer.key);
  }

  #carry(datagram: Buffer, towards: 'server' | 'device', arrive: () => void): void {
    for (const place of this.fate(datagram, towards)) this.#queue.splice(this.#queue.length - place, 0, arrive);
  }
}

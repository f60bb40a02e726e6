import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { ServerCertificate } from '../../lwm2m/index.ts';
import { ClientContext, type ClientSettings, DtlsClient } from '../lwm2m/dtls/openssl-client.ts';
import { Device } from './device.ts';

/** How a device proves who it is. */
export type Proof =
  | { readonly identity: string; readonly key: Buffer }
  | { readonly certificate: ServerCertificate }
  /** Its own private key, PEM. */
  | { readonly rawPublicKey: string };

const HANDSHAKE_LIMIT = 5_000;

/** A LwM2M client driven step by step through one DTLS session on loopback. */
export class SecureDevice {
  readonly device: Device;
  readonly #client: DtlsClient;
  readonly #context: ClientContext;
  readonly #socket: Socket;
  #receive: (bytes: Buffer) => void = () => {};
  #ended: () => void = () => {};
  /** Resolves with the first datagram that the server sends. */
  readonly heard: Promise<Buffer>;
  /** Resolves when the server ends the session. */
  readonly ended = new Promise<void>((resolve) => {
    this.#ended = resolve;
  });

  private constructor(context: ClientContext, client: DtlsClient, socket: Socket) {
    this.#context = context;
    this.#client = client;
    this.#socket = socket;
    let heard: (bytes: Buffer) => void = () => {};
    this.heard = new Promise((resolve) => {
      heard = resolve;
    });
    socket.on('message', (datagram) => {
      for (const bytes of client.take(datagram)) {
        heard(bytes);
        this.#receive(bytes);
      }
      if (client.ended || client.failed) this.#ended();
    });
    this.device = Device.over((receive) => {
      this.#receive = receive;
      return { send: (bytes) => client.write(bytes), close: () => this.close() };
    });
  }

  /** Shakes hands; rejects where the server does not finish the handshake within `limit` ms. */
  static async open(port: number, proof: Proof, limit = HANDSHAKE_LIMIT): Promise<SecureDevice> {
    const certificate = 'certificate' in proof ? proof.certificate : undefined;
    const settings: ClientSettings = 'identity' in proof ? proof : {};
    const rawPublicKey = 'rawPublicKey' in proof ? proof.rawPublicKey : undefined;
    const ciphers = 'identity' in proof ? 'PSK-AES128-CCM8' : 'ECDHE-ECDSA-AES128-CCM8';
    const context = await ClientContext.load(ciphers, certificate, rawPublicKey);
    const socket = createSocket('udp4');
    // A server that is gone shows by its silence.
    socket.on('error', () => {});
    socket.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const client = new DtlsClient(context, settings, (datagram) => socket.send(datagram));
    client.start();
    const deadline = AbortSignal.timeout(limit);
    try {
      while (!client.established) {
        const [datagram] = (await once(socket, 'message', { signal: deadline })) as [Buffer];
        client.take(datagram);
        if (client.failed) throw new TypeError('the handshake failed');
      }
    } catch (error) {
      socket.close();
      client.free();
      context.free();
      throw error;
    }
    return new SecureDevice(context, client, socket);
  }

  /** Ends the session in an orderly way. */
  close(): void {
    this.#client.close();
    this.vanish();
  }

  /** Is gone without a word. */
  vanish(): void {
    this.#socket.close();
    this.#client.free();
    this.#context.free();
  }
}

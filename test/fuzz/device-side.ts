import { silentLogger } from '../../common/index.ts';
import { MessageLayer } from '../../lwm2m/coap/message-layer.ts';
import type { CoapLimits } from '../../lwm2m/coap/parameters.ts';
import { peerAt } from '../../lwm2m/coap/peers.ts';
import { ObjectModels, RegistrationService } from '../../lwm2m/index.ts';
import { newReportCounters } from '../../lwm2m/observation/counters.ts';
import { sendRoute } from '../../lwm2m/observation/send.ts';
import { Senders } from '../../lwm2m/observation/senders.ts';
import { discoveryRoute, RouteTable, registrationRoutes } from '../../lwm2m/registration/routes.ts';
import { HeldClock } from '../support/held-clock.ts';
import { seededNumbers } from './corpus.ts';

/** All that a device can reach of the server, without socket: datagrams in, datagrams out, time in the hand. */
export class DeviceSide {
  readonly service: RegistrationService;
  readonly layer: MessageLayer;
  /** What has been sent since it was last emptied. */
  readonly sent: Buffer[] = [];
  now = 1_000;

  /** `slow`: the other side answers late, so that answers go separately. */
  constructor(limits: Partial<CoapLimits> = {}, slow = false) {
    const senders: Senders[] = [];
    const answer = slow ? () => Promise.resolve(undefined) : () => undefined;
    const clock = new HeldClock();
    this.service = new RegistrationService(
      {
        lifetime: { min: 1, max: 86_400, default: 3_600 },
        clock,
        limits: { registrations: 1_000 },
        fillRandom: (bytes) => bytes.fill(7),
      },
      {
        register: (registration, previous) => {
          senders[0]?.moved(registration, previous);
          return answer();
        },
        update: answer,
        deregister: (registration) => {
          senders[0]?.left(registration);
          return answer();
        },
        expire: () => undefined,
      },
    );
    senders.push(new Senders(this.service.registrations));
    const models = ObjectModels.official();
    const sending = sendRoute({
      senders: senders[0] as Senders,
      models: () => models,
      listener: { report: () => undefined },
      counters: newReportCounters(),
      clock,
      logger: silentLogger,
    });
    const routes = [...registrationRoutes(this.service), sending];
    const table = new RouteTable([...routes, discoveryRoute(routes)]);
    const below = seededNumbers(1);
    this.layer = new MessageLayer({
      handler: (request) => table.serve(request),
      now: () => this.now,
      random: () => below(1 << 30) / (1 << 30),
      send: (_peer, buffer, offset, length) => this.sent.push(Buffer.from(buffer.subarray(offset, offset + length))),
      wake: () => {},
      limits: { amplification: 3, ...limits },
    });
  }

  /** A datagram comes from an address. */
  receive(datagram: Buffer, address = '192.0.2.1', port = 5_683): void {
    this.layer.receive(datagram, peerAt(address, port));
  }

  /** Time passes, with all that falls due meanwhile. */
  advance(milliseconds: number): void {
    const until = this.now + milliseconds;
    while (this.layer.nextTick <= until) {
      this.now = Math.max(this.now, this.layer.nextTick);
      this.layer.tick();
    }
    this.now = until;
  }

  /** Lets promises that are settled run on. */
  async settled(): Promise<void> {
    for (let n = 0; n < 20; n += 1) await Promise.resolve();
  }
}

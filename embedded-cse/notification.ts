import { ResourceType } from '../cse-client/index.ts';
import { Permission } from './access.ts';
import { resolve, shortOriginator } from './addressing.ts';
import type { Context, EventListener, ResourceEvent } from './context.ts';
import type { Delivery, Parcel } from './delivery.ts';
import { toJson } from './json.ts';
import { Refusal, RSC } from './refusal.ts';
import type { Resource } from './resource.ts';
import { BLOCKING_RETRIEVE, eventCriteria } from './subscription.ts';

const MODIFIED_ATTRIBUTES = 2;
const RESOURCE_ID = 3;

/** Turns what happens in the tree into notifications, and asks targets where they have a say (TS-0004 7.5.1.2). */
export class Notifier implements EventListener {
  readonly #delivery: Delivery;
  #context!: Context;
  #count = 0;

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  attach(context: Context): void {
    this.#context = context;
  }

  happened(event: ResourceEvent): void {
    for (const subscription of [...(event.at.subscriptions ?? [])]) {
      if (subscription !== event.subject && wants(subscription, event)) this.#tell(subscription, event);
    }
  }

  #tell(subscription: Resource, event: ResourceEvent): void {
    const { attributes } = subscription;
    const nev = { rep: content(attributes.nct, event), net: event.net };
    const sgn: Record<string, unknown> = { nev, sur: this.#sur(subscription.ri) };
    if (attributes.cr !== undefined) sgn.cr = attributes.cr;
    this.#enqueue(attributes.nu as readonly string[], sgn);
    const exc = attributes.exc;
    if (typeof exc !== 'number') return;
    if (exc > 1) this.#context.tree.replaceAttributes(subscription, { ...attributes, exc: exc - 1 });
    else {
      this.#context.tree.remove(subscription);
      this.subscriptionRemoved(subscription);
    }
  }

  subscriptionRemoved(subscription: Resource): void {
    const { su, nu, cr } = subscription.attributes;
    const notice = this.#context.behaviour.deletionNotice;
    const targets = notice === 'all' ? (nu as readonly string[]) : typeof su === 'string' ? [su] : [];
    if (notice === 'none' || targets.length === 0) return;
    this.#enqueue(targets, {
      sud: true,
      sur: this.#sur(subscription.ri),
      ...(cr === undefined ? {} : { cr }),
    });
  }

  verify(subscription: { ri: string; creator: string }, nu: readonly string[]): Promise<void> | undefined {
    if (!this.#context.behaviour.subscriptionVerification) return undefined;
    const asked = nu.filter((target) => !this.#isCreator(target, subscription.creator));
    if (asked.length === 0) return undefined;
    const sgn = { vrq: true, sur: this.#sur(subscription.ri), cr: subscription.creator };
    return this.#verifyAll(asked, this.#body(sgn));
  }

  async #verifyAll(targets: readonly string[], body: string): Promise<void> {
    for (const target of targets) {
      const rsc = await this.#deliver(target, body, this.#context.identity.cseId).catch(() => undefined);
      if (rsc !== RSC.ok) {
        throw new Refusal(
          RSC.subscriptionVerificationFailed,
          `Verification request failed for: ${target.slice(0, 200)}`,
        );
      }
    }
  }

  blockingUpdate(subscription: Resource, originator: string, pc: unknown): Promise<void> | undefined {
    const { atr } = eventCriteria(subscription);
    const names = Object.keys((Object.values(pc as object)[0] ?? {}) as object);
    if (atr !== undefined && !names.some((name) => atr.includes(name))) return undefined;
    const [target] = subscription.attributes.nu as readonly [string];
    const sgn = { nev: { rep: pc, net: 7 }, sur: this.#sur(subscription.ri) };
    return this.#askBeforeUpdate(target, this.#body(sgn), originator);
  }

  async #askBeforeUpdate(target: string, body: string, originator: string): Promise<void> {
    const { identity, access } = this.#context;
    // ACME looks for the right to notify only where the target is named by its plain ID.
    const named = target.startsWith('/') ? undefined : resolve(this.#context.tree, identity, target)?.resource;
    if (named !== undefined && !access.allows(originator, named, Permission.notify)) {
      throw new Refusal(RSC.badRequest, 'cannot determine target details for the request');
    }
    const rsc = await this.#deliver(target, body, `${identity.cseId}/${originator}`).catch((error: unknown) =>
      error instanceof Refusal ? error.rsc : RSC.internalServerError,
    );
    if (rsc === RSC.ok) return;
    const code = BLOCKING_ANSWERS[rsc] ?? (rsc >= 4000 ? rsc : RSC.internalServerError);
    throw new Refusal(code, `the target of the blocking update answered ${rsc}`);
  }

  async blockingRetrieve(subscription: Resource): Promise<void> {
    const { identity } = this.#context;
    const [target] = subscription.attributes.nu as readonly [string];
    const { creator } = subscription;
    const sgn = { nev: { net: BLOCKING_RETRIEVE }, sur: this.#sur(subscription.ri), cr: creator };
    // ACME gives what is there, whatever became of the notification.
    await this.#deliver(target, this.#body(sgn), `${identity.cseId}/${creator}`).catch(() => undefined);
  }

  async forward(ae: Resource, originator: string, content: unknown): Promise<void> {
    const rsc = await this.#deliver(ae.ri, toJson(content, false), `${this.#context.identity.cseId}/${originator}`);
    if (rsc !== RSC.ok) throw new Refusal(rsc, 'the AE refused the notification');
  }

  #enqueue(targets: readonly string[], sgn: unknown): void {
    const body = this.#body(sgn);
    this.#delivery.enqueue(async () => {
      for (const target of targets) await this.#deliver(target, body, this.#context.identity.cseId);
    });
  }

  /** Sends to every point of access of a target, one after the other, and gives the last answer. */
  async #deliver(target: string, body: string, originator: string): Promise<number> {
    let rsc: number = RSC.ok;
    for (const { url, releaseVersion, answerCounts } of this.#urls(target)) {
      const parcel: Parcel = {
        url,
        body,
        originator,
        requestId: this.#requestId(),
        releaseVersion,
        timestamp: this.#context.times.stamp(),
        answerCounts,
      };
      rsc = await this.#delivery.send(parcel);
    }
    return rsc;
  }

  #urls(target: string): { url: string; releaseVersion: string | undefined; answerCounts: boolean }[] {
    const { tree, identity, behaviour } = this.#context;
    const version = behaviour.notificationReleaseVersion;
    if (/^https?:\/\//i.test(target)) {
      return [{ url: target, releaseVersion: this.#releaseVersion(version, undefined), answerCounts: false }];
    }
    const known = behaviour.spRelativeTargets || !target.startsWith('/');
    const ae = known ? resolve(tree, identity, target)?.resource : undefined;
    const poa = ae?.ty === ResourceType.ae && ae.attributes.rr === true ? ae.attributes.poa : undefined;
    if (ae === undefined || !Array.isArray(poa) || poa.length === 0) {
      throw new Refusal(RSC.badRequest, `no point of access for ${target.slice(0, 200)}`);
    }
    const path = target.startsWith('//') ? `_${target.slice(1)}` : target.startsWith('/') ? `~${target}` : target;
    return poa
      .filter((point): point is string => typeof point === 'string' && /^https?:\/\//i.test(point))
      .map((point) => ({
        url: `${point.endsWith('/') ? point : `${point}/`}${path}`,
        releaseVersion: this.#releaseVersion(version, ae.attributes.srv),
        answerCounts: true,
      }));
  }

  #releaseVersion(version: 'highest' | '3' | 'none', srv: unknown): string | undefined {
    if (version === 'none') return undefined;
    if (version === '3') return '3';
    const versions = Array.isArray(srv) && srv.length > 0 ? srv : this.#context.behaviour.supportedReleaseVersions;
    return String([...versions].sort().at(-1));
  }

  #isCreator(target: string, creator: string): boolean {
    const { tree, identity } = this.#context;
    if (shortOriginator(target, identity) === creator) return true;
    const resource = /^https?:/i.test(target) ? undefined : resolve(tree, identity, target)?.resource;
    return resource?.ty === ResourceType.ae && resource.attributes.aei === creator;
  }

  #sur(ri: string): string {
    return `${this.#context.identity.cseId}/${ri}`;
  }

  #body(sgn: unknown): string {
    return toJson({ 'm2m:sgn': sgn }, this.#context.behaviour.decimalNumbers);
  }

  #requestId(): string {
    if (this.#context.behaviour.notificationRequestId === 'notify') return 'notify';
    return `${this.#context.randomId()}${++this.#count}`;
  }
}

/** What a requester is told for an answer to a blocking UPDATE (TS-0004 7.4.8.2.5). */
const BLOCKING_ANSWERS: Readonly<Record<number, number>> = {
  [RSC.targetNotReachable]: RSC.remoteEntityNotReachable,
  [RSC.operationNotAllowed]: RSC.operationDeniedByRemoteEntity,
};

function wants(subscription: Resource, { net, subject, modified }: ResourceEvent): boolean {
  const criteria = eventCriteria(subscription);
  if (!criteria.net.includes(net)) return false;
  if ((net === 3 || net === 4) && criteria.chty !== undefined && criteria.chty.length > 0) {
    return criteria.chty.includes(subject.ty);
  }
  if (net !== 1 || criteria.atr === undefined || modified === undefined) return true;
  return criteria.atr.some((name) => Object.hasOwn(modified, name));
}

function content(nct: unknown, { subject, modified }: ResourceEvent): unknown {
  if (nct === RESOURCE_ID) return { 'm2m:uri': subject.ri };
  if (nct === MODIFIED_ATTRIBUTES) return { [subject.type.name]: modified ?? {} };
  return subject.representation();
}

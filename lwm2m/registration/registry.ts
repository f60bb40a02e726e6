import { Expiring } from './expiry-buckets.ts';
import type { Registration } from './registration.ts';

/** Who is registered now. */
export interface RegistrationRegistry {
  readonly size: number;
  /** By registration id. */
  get(id: string): Registration | undefined;
  /** By Endpoint Client Name. */
  byEndpoint(endpoint: string): Registration | undefined;
  /** In no promised order. */
  values(): IterableIterator<Registration>;
}

/** All that is known of one endpoint: what it registered, when that ends, and what waits for its turn. */
export class EndpointRecord extends Expiring {
  readonly endpoint: string;
  registration: Registration | undefined = undefined;
  /** True while the handler is at work for this endpoint. */
  busy = false;
  /** Operations that came meanwhile, in order. */
  waiting: (() => void)[] | undefined = undefined;

  constructor(endpoint: string) {
    super();
    this.endpoint = endpoint;
  }
}

/** One record per endpoint, found by its name and, while it is registered, by its registration id. */
export class EndpointRecords implements RegistrationRegistry {
  private readonly byName = new Map<string, EndpointRecord>();
  private readonly byId = new Map<string, EndpointRecord>();

  get size(): number {
    return this.byId.size;
  }

  get(id: string): Registration | undefined {
    return this.byId.get(id)?.registration;
  }

  byEndpoint(endpoint: string): Registration | undefined {
    return this.byName.get(endpoint)?.registration;
  }

  *values(): IterableIterator<Registration> {
    for (const { registration } of this.byId.values()) if (registration !== undefined) yield registration;
  }

  /** The record of a registration. */
  find(id: string): EndpointRecord | undefined {
    return this.byId.get(id);
  }

  /** The record of an endpoint, registered or about to be. */
  findByName(endpoint: string): EndpointRecord | undefined {
    return this.byName.get(endpoint);
  }

  /** A new record, not yet registered. */
  add(endpoint: string): EndpointRecord {
    const record = new EndpointRecord(endpoint);
    this.byName.set(endpoint, record);
    return record;
  }

  /** Puts a registration in the place of whatever the record held. */
  put(record: EndpointRecord, registration: Registration): void {
    const { registration: previous } = record;
    record.registration = registration;
    if (previous?.id === registration.id) return;
    if (previous !== undefined) this.byId.delete(previous.id);
    this.byId.set(registration.id, record);
  }

  /** The registration ends; the record stays until it is forgotten. */
  end(record: EndpointRecord): void {
    if (record.registration !== undefined) this.byId.delete(record.registration.id);
    record.registration = undefined;
  }

  /** Nothing is known of the endpoint any more. */
  forget(record: EndpointRecord): void {
    if (this.byName.get(record.endpoint) === record) this.byName.delete(record.endpoint);
  }
}

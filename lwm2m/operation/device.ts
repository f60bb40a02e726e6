import type { Registration } from '../registration/registration.ts';
import { FormatMemory } from './format-memory.ts';

/** What is known of a registered device beside its registration; forgotten with it. */
export class Device {
  readonly endpoint: string;
  readonly registrationId: string;
  readonly formats: FormatMemory;
  /** Composite operations: `able` once one worked, `unable` once single ones did where a composite one had not. */
  composite: 'unknown' | 'able' | 'unable' = 'unknown';

  constructor({ endpoint, id }: Registration, formats: FormatMemory = new FormatMemory()) {
    this.endpoint = endpoint;
    this.registrationId = id;
    this.formats = formats;
  }

  /** The device of a registration that takes this one's place; what it can do is known when it says the same of itself. */
  successor(next: Registration, previous: Registration): Device {
    const same = next.version === previous.version && sameFormats(next, previous);
    const device = same ? new Device(next, this.formats) : new Device(next);
    if (same) device.composite = this.composite;
    return device;
  }
}

function sameFormats({ objectLinks: a }: Registration, { objectLinks: b }: Registration): boolean {
  return (
    a.contentFormats.join() === b.contentFormats.join() && a.contentFormatNames.join() === b.contentFormatNames.join()
  );
}

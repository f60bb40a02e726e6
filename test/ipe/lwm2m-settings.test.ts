import { describe, expect, it } from 'vitest';
import { type ConfigurationInput, parseConfiguration } from '../../ipe/configuration/index.ts';
import { lwm2mServerOptions } from '../../ipe/settings.ts';
import { DEFAULT_LIMITS, transmissionParameters } from '../../lwm2m/coap/parameters.ts';
import { DEFAULT_OPERATION_LIMITS, DEFAULT_QUEUE_MODE, type Registration } from '../../lwm2m/index.ts';

const optionsOf = (lwm2m: NonNullable<ConfigurationInput['lwm2m']> = {}) =>
  lwm2mServerOptions(parseConfiguration({ lwm2m }));

describe('the LwM2M server, as configured', () => {
  it('has by default what it has by itself', () => {
    const { queueMode, limits, transmission } = optionsOf();
    const { awakeWindowOf, ...others } = queueMode ?? {};
    const { awakeWindowOf: _, ...defaults } = DEFAULT_QUEUE_MODE;
    expect(others).toEqual(defaults);
    expect(awakeWindowOf?.({ endpoint: 'any' } as Registration)).toBeUndefined();
    expect(DEFAULT_LIMITS).toMatchObject(limits?.coap ?? {});
    expect(transmission).toEqual({ blockSize: transmissionParameters().blockSize });
    expect(limits?.operation).toEqual({ observationsPerDevice: DEFAULT_OPERATION_LIMITS.observationsPerDevice });
  });

  it('lwm2m.queueMode.rules gives endpoints by pattern an awake window of their own, the first that matches', () => {
    const rules = [
      { endpoint: 'urn:imei:1*', awake: '10s' },
      { endpoint: 'urn:imei:*', awake: '30s' },
    ];
    const { queueMode } = optionsOf({ queueMode: { awake: '2m', rules } });
    const window = (endpoint: string) => queueMode?.awakeWindowOf?.({ endpoint } as Registration);
    expect(queueMode?.awakeWindow).toBe(120_000);
    expect(['urn:imei:12', 'urn:imei:2', 'urn:dev:1'].map(window)).toEqual([10_000, 30_000, undefined]);
  });

  it('bounds payloads, blocks, observations and what waits for sleepers', () => {
    const { transmission, limits, queueMode } = optionsOf({
      limits: { blockSize: 256, requestBytes: 2_048, replyBytes: 4_096, uploadBytes: 8_192, observations: 7 },
      queueMode: { operations: 3, bytes: 1_024, totalOperations: 5, totalBytes: 2_048, attempts: 1 },
    });
    expect(transmission).toEqual({ blockSize: 256 });
    expect(limits).toMatchObject({
      coap: { requestBytes: 2_048, replyBytes: 4_096, uploadBytes: 8_192 },
      operation: { observationsPerDevice: 7 },
    });
    expect(queueMode).toMatchObject({
      operationsPerDevice: 3,
      bytesPerDevice: 1_024,
      operationsInAll: 5,
      bytesInAll: 2_048,
      attempts: 1,
    });
  });
});

import { IpeError } from '../../common/index.ts';
import type { Configuration } from '../configuration/index.ts';
import type { DeviceSecurity } from '../device-security.ts';
import { givesKeys } from './template.ts';

/** Where a bootstrap server listens: on what, and whether that is to be. */
const DOORS = ['coap', 'coaps'] as const;

/** The doors of the bootstrap server; none without templates. */
export function bootstrapDoors({ bootstrap }: Pick<Configuration, 'bootstrap'>): readonly (typeof DOORS)[number][] {
  return bootstrap.templates.length === 0 ? [] : DOORS.filter((door) => bootstrap[door].enabled);
}

/** Throws IpeError `config/invalid` where templates want what the rest of the configuration does not have. */
export function assertBootstrapServed(
  configuration: Pick<Configuration, 'bootstrap' | 'lwm2m'>,
  { credentials, coaps }: Pick<DeviceSecurity, 'credentials' | 'coaps'>,
): void {
  const { bootstrap, lwm2m } = configuration;
  if (bootstrap.templates.length === 0) return;
  const doors = bootstrapDoors(configuration);
  if (doors.length === 0) throw mistake('bootstrap.templates need bootstrap.coap.enabled or bootstrap.coaps.enabled');
  if (doors.includes('coaps') && coaps === undefined) {
    throw mistake('bootstrap.coaps.enabled needs lwm2m.coaps.credentials, or a certificate');
  }
  if (credentials === undefined && bootstrap.templates.some(givesKeys)) {
    throw mistake('a template with security: psk needs lwm2m.coaps.credentials, where the keys are kept');
  }
  for (const door of doors) {
    const { port } = bootstrap[door];
    if (lwm2m[door].enabled && port !== 0 && port === lwm2m[door].port) {
      throw mistake(
        `bootstrap.${door}.port must be another one than lwm2m.${door}.port: devices tell servers apart by it`,
      );
    }
  }
}

function mistake(message: string): IpeError {
  return new IpeError('config/invalid', message);
}

import type { ObjectDefinition } from './definition.ts';
import { DEVICE } from './device.ts';
import { FIRMWARE_UPDATE } from './firmware-update.ts';
import { LIGHT_CONTROL } from './light-control.ts';
import { SERVER } from './server.ts';
import { TEMPERATURE } from './temperature.ts';

/** The objects that a simulated device can have, by object ID. */
export const OBJECT_CATALOGUE: ReadonlyMap<number, ObjectDefinition> = new Map(
  [SERVER, DEVICE, FIRMWARE_UPDATE, TEMPERATURE, LIGHT_CONTROL].map((object) => [object.id, object]),
);

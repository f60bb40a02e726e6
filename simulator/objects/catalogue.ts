import type {
  Lwm2mVersion,
  ObjectDefinition as ObjectModel,
  ResourceDefinition as ResourceModel,
} from '../../lwm2m/index.ts';
import { BINARY_APP_DATA_CONTAINER } from './binary-app-data-container.ts';
import type { ObjectDefinition, ResourceDefinition } from './definition.ts';
import { DEVICE } from './device.ts';
import { FIRMWARE_UPDATE } from './firmware-update.ts';
import { HUMIDITY } from './humidity.ts';
import { ILLUMINANCE } from './illuminance.ts';
import { LIGHT_CONTROL } from './light-control.ts';
import { LOCATION } from './location.ts';
import { SERVER } from './server.ts';
import { TEMPERATURE } from './temperature.ts';
import { UNREGISTERED } from './unregistered.ts';

/** The objects that a simulated device can have, by object ID. */
export const OBJECT_CATALOGUE: ReadonlyMap<number, ObjectDefinition> = new Map(
  [
    SERVER,
    DEVICE,
    FIRMWARE_UPDATE,
    LOCATION,
    BINARY_APP_DATA_CONTAINER,
    ILLUMINANCE,
    TEMPERATURE,
    HUMIDITY,
    LIGHT_CONTROL,
    UNREGISTERED,
  ].map((object) => [object.id, object]),
);

const BY_VERSION = new Map<string, ObjectDefinition>();

/** An object with the resources that a version of LwM2M gives it; undefined where it cannot be simulated. */
export function objectOf(objectId: number, version: Lwm2mVersion): ObjectDefinition | undefined {
  const definition = OBJECT_CATALOGUE.get(objectId);
  if (!definition) return undefined;
  const key = `${objectId} ${version}`;
  const known = BY_VERSION.get(key);
  if (known) return known;
  const resources = definition.resources.filter(({ since = version }) => since <= version);
  const made = resources.length === definition.resources.length ? definition : { ...definition, resources };
  BY_VERSION.set(key, made);
  return made;
}

const MODELS = new Map<number, ObjectModel>();

/** An object of the catalogue as the codecs want to know it; undefined for any other. */
export function objectModel(objectId: number): ObjectModel | undefined {
  const definition = OBJECT_CATALOGUE.get(objectId);
  if (!definition || MODELS.has(objectId)) return MODELS.get(objectId);
  const model: ObjectModel = {
    id: objectId,
    name: definition.name,
    urn: '',
    version: '1.0',
    multiple: definition.multiple === true,
    mandatory: false,
    resources: new Map(definition.resources.map((resource) => [resource.id, resourceModel(resource)])),
  };
  MODELS.set(objectId, model);
  return model;
}

function resourceModel({ id, name, type, operations, multiple }: ResourceDefinition): ResourceModel {
  return {
    id,
    name,
    type: type ?? 'none',
    operations: {
      read: operations.includes('R'),
      write: operations.includes('W'),
      execute: operations === 'E',
    },
    multiple: multiple === true,
    mandatory: false,
  };
}

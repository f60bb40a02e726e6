import { type Logger, silentLogger } from '../../common/index.ts';
import type { Lwm2mVersion } from '../registration/registration.ts';
import { defaultObjectVersion } from './core-objects.ts';
import type { ObjectDefinition } from './definition.ts';
import type { FolderDefinitions } from './definition-folder.ts';
import { withLaterResources } from './later-resources.ts';
import { compareVersions, nearestVersion, type ObjectVersion, parseObjectVersion } from './object-version.ts';
import { OFFICIAL_OBJECTS } from './official-objects.generated.ts';
import { packedKey, unpackDefinition } from './packed-definition.ts';

/** One version of one object; read at first use. */
interface Model {
  readonly id: number;
  readonly version: ObjectVersion;
  readonly definition: () => ObjectDefinition;
}

/** For each Object ID its models, by ascending version. */
type ModelTable = ReadonlyMap<number, readonly Model[]>;

let shared: ObjectModels | undefined;

/** The object definitions that the server knows; never changed, so that it can be shared and replaced whole. */
export class ObjectModels {
  readonly #table: ModelTable;
  readonly #own: FolderDefinitions;
  readonly #definitions = new Map<Model, ObjectDefinition>();

  private constructor(table: ModelTable, own: FolderDefinitions = new Map()) {
    this.#table = table;
    this.#own = own;
  }

  /** All objects of the OMA registry in all their versions; shared, each read at first use. */
  static official(): ObjectModels {
    shared ??= new ObjectModels(tableOf(OFFICIAL_OBJECTS.map(officialModel)));
    return shared;
  }

  /**
   * The definition that a registration means. `version` is the object's `ver` as listed; absent, or not like `1.0`: the
   * version that `lwm2mVersion` (absent: 1.0) contains of a core object, 1.0 of any other (LwM2M 1.1 7.2.3). Where that
   * version is not known: the next newer minor version, else the next older one, of the same major version. An object
   * without `ver` that has no such version: its lowest. Undefined: unknown object, or unknown major version.
   *
   * Devices have resources of later minor versions, too, without saying so: the definition has them as well, `since`.
   */
  find(objectId: number, version?: string, lwm2mVersion: Lwm2mVersion = '1.0'): ObjectDefinition | undefined {
    const models = this.#table.get(objectId);
    if (models === undefined) return undefined;
    const listed = version === undefined ? undefined : parseObjectVersion(version);
    if (listed) return this.#completed(nearestVersion(models, listed), models);
    const meant = parseObjectVersion(defaultObjectVersion(objectId, lwm2mVersion)) as ObjectVersion;
    return this.#completed(nearestVersion(models, meant) ?? models[0], models);
  }

  /** Made once; `models` are all those of the object. */
  #completed(model: Model | undefined, models: readonly Model[]): ObjectDefinition | undefined {
    if (model === undefined) return undefined;
    let completed = this.#definitions.get(model);
    if (completed === undefined) {
      const later = models.slice(models.indexOf(model) + 1).filter(({ version: { major } }) => {
        return major === model.version.major;
      });
      completed = withLaterResources(
        model.definition(),
        later.map(({ definition }) => definition()),
      );
      this.#definitions.set(model, completed);
    }
    return completed;
  }

  /** The known versions of an object, ascending, e.g. `['1.0', '1.1']`; empty for an unknown object. */
  versions(objectId: number): string[] {
    return (this.#table.get(objectId) ?? []).map(({ version: { major, minor } }) => `${major}.${minor}`);
  }

  /** How many definitions, object version by object version, came from a folder. */
  get own(): number {
    let count = 0;
    for (const definitions of this.#own.values()) count += definitions.length;
    return count;
  }

  /**
   * These models and, over them, the `.xml` files of a folder: they add objects and versions, or replace the same
   * version. A broken file is reported (`warn`) and skipped; one that `before`, read from the folder earlier, had whole
   * stays as it was there. Rejects with IpeError `lwm2m/model-folder` where the folder cannot be read. Call it again on
   * the same models to reload.
   */
  async withFolder(folder: string, logger: Logger = silentLogger, before?: ObjectModels): Promise<ObjectModels> {
    // Loaded here, so that a start without own definitions loads no XML parser.
    const { readDefinitionFolder } = await import('./definition-folder.ts');
    const own = await readDefinitionFolder(folder, logger, before === undefined ? undefined : before.#own);
    const models = [...own.values()].flat().map(ownModel);
    return new ObjectModels(tableOf([...[...this.#table.values()].flat(), ...models]), own);
  }
}

/** Of several models of the same object version the last one counts. */
function tableOf(models: readonly Model[]): ModelTable {
  const table = new Map<number, Model[]>();
  for (const model of models) {
    const versions = table.get(model.id) ?? [];
    const others = versions.filter(({ version }) => compareVersions(version, model.version) !== 0);
    table.set(
      model.id,
      [...others, model].sort((a, b) => compareVersions(a.version, b.version)),
    );
  }
  return table;
}

function officialModel(line: string): Model {
  const { id, version } = packedKey(line);
  let definition: ObjectDefinition | undefined;
  return {
    id,
    version: parseObjectVersion(version) as ObjectVersion,
    definition: () => {
      definition ??= unpackDefinition(line);
      return definition;
    },
  };
}

function ownModel(definition: ObjectDefinition): Model {
  const version = parseObjectVersion(definition.version) as ObjectVersion;
  return { id: definition.id, version, definition: () => definition };
}

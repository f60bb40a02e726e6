import { errorMessage, type LogFields, type Logger } from '../common/index.ts';
import { ObjectModels } from '../lwm2m/index.ts';

/** The object definitions of the moment, one source for all: those of the OMA registry and, over them, a folder's. */
export class ObjectDefinitions {
  readonly #folder: string | undefined;
  readonly #logger: Logger;
  #current = ObjectModels.official();

  /** `folder`: that of `lwm2m.modelsFolder`; undefined: the registry's alone. */
  constructor(folder: string | undefined, logger: Logger) {
    this.#folder = folder;
    this.#logger = logger;
  }

  /** To be asked anew each time; never an older one than before. */
  get current(): ObjectModels {
    return this.#current;
  }

  /** Reads the folder, if any; rejects with IpeError `lwm2m/model-folder` where it cannot be read. */
  async load(): Promise<void> {
    const fields = await this.#read();
    if (fields !== undefined) this.#logger.info('object definitions read', fields);
  }

  /** As `load`, for the log; what cannot be read stays as it was. Never rejects. */
  async reload(): Promise<LogFields> {
    try {
      return (await this.#read()) ?? {};
    } catch (error) {
      this.#logger.warn('object definitions are kept as they were', { reason: errorMessage(error) });
      return {};
    }
  }

  async #read(): Promise<LogFields | undefined> {
    const folder = this.#folder;
    if (folder === undefined) return undefined;
    this.#current = await ObjectModels.official().withFolder(folder, this.#logger, this.#current);
    return { modelsFolder: folder, modelDefinitions: this.#current.own };
  }
}

import type { CoapCode, Lwm2mVersion } from '../lwm2m/index.ts';
import type { ObjectSelection } from './object-tree.ts';

/** What `simulate` is told; one entry of `SIMULATE_OPTIONS` each. */
export interface SimulationOptions {
  readonly server: string;
  /** URI of a bootstrap server; undefined: none. */
  readonly bootstrap: string | undefined;
  /** PSK identity, `{endpoint}` for the name of the device. */
  readonly identity: string;
  readonly psk: Buffer | undefined;
  readonly endpoints: number;
  readonly prefix: string;
  /** Seconds. */
  readonly lifetime: number;
  readonly version: Lwm2mVersion;
  /** With Q for queue mode, e.g. `U` or `UQ`. */
  readonly binding: string;
  /** Devices started per second. */
  readonly rate: number;
  /** Seconds; 0: until it is interrupted. */
  readonly duration: number;
  readonly objects: ObjectSelection;
  readonly rootPath: string;
  readonly extraObjects: number;
  readonly maxSockets: number;
  readonly deregister: boolean;
  readonly update: boolean;
  readonly duplicate: boolean;
  /** Milliseconds. */
  readonly reorder: number;
  readonly badPayload: boolean;
  readonly queueMode: boolean;
  /** Seconds. */
  readonly awake: number;
  /** Seconds; 0: by the lifetime. */
  readonly updateInterval: number;
  /** Seconds. */
  readonly valueInterval: number;
  readonly confirmEvery: number;
  /** Seconds; 0: never. */
  readonly sendInterval: number;
  /** Content-Format; undefined: all of the version. */
  readonly format: number | undefined;
  readonly blockSize: number;
  readonly unknownObject: boolean;
  /** Seconds. */
  readonly rebootTime: number;
  readonly refuseWrites: CoapCode | undefined;
  /** Milliseconds. */
  readonly answerDelay: number;
  readonly answer: boolean;
  readonly acknowledgeOnly: boolean;
  /** Per cent. */
  readonly loseNotifications: number;
  readonly retransmit: number;
  readonly partialNotifications: boolean;
  readonly ignoreAccept: boolean;
}

/** Headings of the help. */
export type OptionGroup = 'Devices' | 'LwM2M' | 'Queue mode' | 'Values' | 'Misbehaviour, on demand';

/** One option of the command line. */
export interface SimulateOption<Name extends keyof SimulationOptions = keyof SimulationOptions> {
  readonly name: Name;
  /** As a command line parser wants it, e.g. `--lifetime <seconds>`; `--no-…` switches off what is on by default. */
  readonly flags: string;
  readonly description: string;
  readonly group: OptionGroup;
  /** The value where the option is not given. */
  readonly default: SimulationOptions[Name];
  /** That value as help shows it, where it is not plain. */
  readonly shown?: string;
  /** Reads the argument; throws `IpeError` `simulator/option` with what is allowed. Absent on switches. */
  readonly parse?: (text: string) => SimulationOptions[Name];
}

/** One row, its types checked against its name. */
export function option<Name extends keyof SimulationOptions>(row: SimulateOption<Name>): SimulateOption {
  return row as unknown as SimulateOption;
}

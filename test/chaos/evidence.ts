/** A message of a device that carried a counted value to the bridge; sent again to a bridge that started again it is another one. */
export interface Told {
  readonly endpoint: string;
  /** The resource, e.g. `/3303/0/5700`. */
  readonly path: string;
  readonly value: number;
  /** When its first copy left for the bridge; all times of the evidence are numbers of one sequence. */
  readonly at: number;
  /** When the bridge acknowledged it, at latest; absent: it never did. */
  acknowledgedAt?: number;
}

/** A contentInstance with a counted value that the CSE has confirmed to have made. */
export interface Stored {
  readonly endpoint: string;
  readonly path: string;
  readonly value: number;
  readonly at: number;
  /** How often the CSE had lost everything before. */
  readonly generation: number;
}

/** A Register that the bridge has answered with 2.01. */
export interface Begun {
  readonly endpoint: string;
  /** The registration as the log of the bridge names it. */
  readonly registration: string;
  readonly at: number;
}

/** The bridge has said in its log that it dropped values with a registration that ended. */
export interface Dropped {
  readonly endpoint: string;
  /** As in `Begun`; absent where the bridge says no more than that the endpoint has left. */
  readonly registration?: string;
  /** How many, of whatever resource. */
  readonly values: number;
  /** When it was heard: later than it was. */
  readonly at: number;
}

/** A command that the CSE has taken from an application. */
export interface Issued {
  /** As responses name it. */
  readonly id: string;
  /** What stands in the request to the device, and in no other. */
  readonly text: string;
  readonly endpoint: string;
  /** Whether the container that it was put into is there to the end: else nobody can be told. */
  readonly containerKept: boolean;
}

/** A state that the bridge has written, confirmed by the CSE. */
export interface StateWritten {
  readonly id: string;
  readonly state: string;
  /** Resource ID of the container `responses` that holds it: another one after it was made anew. */
  readonly container: string;
  readonly at: number;
}

/** A request with the text of a command that a device has answered with success; one for each CoAP exchange. */
export interface Carried {
  readonly text: string;
  readonly endpoint: string;
}

/** What a device is when everything is calm. */
export interface DeviceStand {
  readonly endpoint: string;
  readonly registered: boolean;
  readonly queueMode: boolean;
  /** Names of the containers of its object instances, as it lists them. */
  readonly containers: readonly string[];
}

/** What the CSE shows of the bridge and its devices. */
export interface TreeStand {
  /** Names below the CSEBase that are neither of the CSE itself nor of applications. */
  readonly top: readonly string[];
  /** Names of the children of each AE that is a device's, by name of the AE: containers first to last. */
  readonly containers: Readonly<Record<string, readonly string[]>>;
  /** Subscriptions in the container `requests` of each device. */
  readonly requestSubscriptions: Readonly<Record<string, number>>;
}

/** A resource that is not the bridge's. */
export interface Canary {
  readonly address: string;
  /** What was made, and what is there now; `gone`, or `lost` with a parent that went or a CSE that lost everything. */
  readonly before: string;
  readonly now: string;
}

/** How the process of the bridge did. */
export interface ProcessStand {
  /** Ends that nobody asked for, with the last words. */
  readonly ownEnds: readonly string[];
  /** Bytes of heap after garbage collection. */
  readonly heapBefore: number;
  readonly heapAfter: number;
}

/** Everything that the invariants judge. */
export interface Evidence {
  readonly told: readonly Told[];
  readonly stored: readonly Stored[];
  readonly begun: readonly Begun[];
  readonly dropped: readonly Dropped[];
  /** Values that were set in the calm at the end, each of which the CSE must have got. */
  readonly fresh: readonly { readonly endpoint: string; readonly path: string; readonly value: number }[];
  /** Devices that nobody could command in the calm at the end. */
  readonly uncommanded: readonly string[];
  readonly issued: readonly Issued[];
  readonly states: readonly StateWritten[];
  readonly carried: readonly Carried[];
  readonly devices: readonly DeviceStand[];
  readonly tree: TreeStand;
  readonly canaries: readonly Canary[];
  readonly process: ProcessStand;
}

/** A promise, and what shows that it was broken: empty if it holds. */
export interface Invariant {
  readonly name: string;
  readonly broken: (evidence: Evidence) => readonly string[];
}

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;
/** A signal that asks the process to end. */
export type StopSignalName = keyof typeof SIGNALS;

/** Listens for the wish to stop. */
export interface StopSignal {
  /** Aborted by the first SIGINT or SIGTERM; its reason is the name of the signal. */
  readonly signal: AbortSignal;
  /** Settles when `signal` is aborted. */
  readonly received: Promise<StopSignalName>;
  dispose(): void;
}

/** The first SIGINT or SIGTERM asks politely; the second ends the process at once with 130 or 143. */
export function listenForStop(): StopSignal {
  const controller = new AbortController();
  let settle: (name: StopSignalName) => void;
  const received = new Promise<StopSignalName>((resolve) => {
    settle = resolve;
  });
  const listener = (name: NodeJS.Signals) => {
    const known = name as StopSignalName;
    if (controller.signal.aborted) process.exit(SIGNALS[known]);
    controller.abort(known);
    settle(known);
  };
  const names = Object.keys(SIGNALS) as StopSignalName[];
  for (const name of names) process.on(name, listener);
  return {
    signal: controller.signal,
    received,
    dispose: () => {
      for (const name of names) process.off(name, listener);
    },
  };
}

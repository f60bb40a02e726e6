import { errorMessage, type Logger } from '../../common/index.ts';

/** Listens for the wish to reload. */
export interface ReloadSignal {
  /** From now on each SIGHUP reloads; one that came before does so now. */
  begin(): void;
  /** From now on SIGHUP means nothing, until the process has ended. */
  dispose(): void;
}

/** On SIGHUP reloads, one at a time; signals during a reload mean one more after it. A reload that fails is logged. */
export function onReloadSignal(reload: () => Promise<void>, logger: Logger): ReloadSignal {
  let wanted = false;
  let ready = false;
  let running = false;
  const advance = async (): Promise<void> => {
    if (!ready || running || !wanted) return;
    running = true;
    wanted = false;
    await reload().catch((error: unknown) => logger.error('reload failed', { reason: errorMessage(error) }));
    running = false;
    await advance();
  };
  process.on('SIGHUP', () => {
    wanted = true;
    void advance();
  });
  return {
    begin: () => {
      ready = true;
      void advance();
    },
    dispose: () => {
      ready = false;
    },
  };
}

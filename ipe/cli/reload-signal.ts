import { closeSync, openSync } from 'node:fs';
import { errorMessage, type Logger } from '../../common/index.ts';

/** Listens for the wish to reload. */
export interface ReloadSignal {
  /** From now on each SIGHUP reloads; one that came before does so now. */
  begin(): void;
  /** From now on SIGHUP means nothing, until the process has ended. */
  dispose(): void;
}

/**
 * On SIGHUP reloads, one at a time; signals during a reload mean one more after it. A reload that fails is logged. The
 * SIGHUP of a terminal that was closed is taken for SIGTERM instead.
 */
export function onReloadSignal(reload: () => Promise<void>, logger: Logger): ReloadSignal {
  const onTerminal = process.stdin.isTTY === true && hasTerminal();
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
    if (onTerminal && !hasTerminal()) {
      // Whoever closed the window wants it to end, as without this listener.
      process.kill(process.pid, 'SIGTERM');
      return;
    }
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

/** Whether the process has a controlling terminal, which is gone once its window is closed. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

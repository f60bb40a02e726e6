/** Who a CSE says that it is in its notifications. */
export interface NotificationSource {
  /** CSE-ID, with or without a leading slash; undefined where the IPE may not read it. */
  readonly cseId: string | undefined;
  /** The CSE is known to send its own CSE-ID as From of its notifications. */
  readonly named: boolean;
}

/**
 * Whether the From parameter of a notification is that of the CSE (TS-0004 7.5.1.2.2). A CSE of which it is not known what it
 * sends may send nothing, or anything but the name of another CSE.
 */
export function isFrom({ cseId, named }: NotificationSource, originator: string | undefined): boolean {
  if (cseId === undefined) return true;
  const expected = cseId.replace(/^\/+/, '');
  if (originator === undefined || !originator.startsWith('/')) {
    return !named || originator === expected;
  }
  const levels = originator.split('/');
  const [cse, ...below] = originator.startsWith('//') ? levels.slice(3) : levels.slice(1);
  return cse === expected && (!named || below.length === 0);
}

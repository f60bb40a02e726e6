import { errorMessage, IpeError } from '../common/index.ts';

const REASONS: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'permission denied (ports below 1024 need a privilege)',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name cannot be resolved',
};

/** Why a TCP server could not listen: IpeError `<code>/port-in-use` or `<code>/address`. */
export function listenError(code: string, what: string, host: string, port: number, error: unknown): IpeError {
  const { code: reason = '' } = error as NodeJS.ErrnoException;
  if (reason === 'EADDRINUSE') {
    return new IpeError(`${code}/port-in-use`, `${what}: TCP port ${port} on ${host} is in use`, { cause: error });
  }
  const text = REASONS[reason] ?? errorMessage(error);
  return new IpeError(`${code}/address`, `${what}: cannot listen on ${host} port ${port}: ${text}`, { cause: error });
}

import { errorMessage, IpeError } from '../../common/index.ts';

interface Row {
  readonly codes: readonly (string | number)[];
  readonly code: string;
  readonly text: string;
  /** True when room or a repaired disk is all that it takes. */
  readonly retryable: boolean;
}

/** What the database and the file system say (errno, LMDB `MDB_*`), and what that means to an operator. */
const ROWS: readonly Row[] = [
  {
    codes: ['ENOSPC', 'EDQUOT', 'EFBIG', 28, 122, 27],
    code: 'store/full',
    text: 'there is no room left on the disk; nothing is lost, and nothing new is accepted until there is',
    retryable: true,
  },
  {
    codes: ['MDB_MAP_FULL', -30792, 'ENOMEM', 12],
    code: 'store/full',
    text: 'the database cannot be mapped into memory; give the process more address space',
    retryable: true,
  },
  {
    codes: ['EACCES', 'EPERM', 'EROFS', 13, 1, 30],
    code: 'store/permissions',
    text: 'this process may not read and write there; set store.path (IPE_STORE_PATH) to a directory where it may, or store.kind (IPE_STORE_KIND) to memory',
    retryable: false,
  },
  {
    codes: ['ENOTDIR', 'EEXIST', 'ENOENT', 20, 17, 2],
    code: 'store/path',
    text: 'it is not a directory; set store.path (IPE_STORE_PATH) to one',
    retryable: false,
  },
  {
    codes: [-30796, -30797, -30793, -30794, -30795, -30788, -30782],
    code: 'store/damaged',
    text: 'the database is damaged; restore it from a copy, or move it away to begin with an empty one',
    retryable: false,
  },
];

/** The IpeError for what went wrong with the store at a path: `store/full`, `store/permissions`, `store/damaged` ... */
export function storeError(path: string, error: unknown): IpeError {
  if (error instanceof IpeError) return error;
  const { code } = error as { code?: string | number };
  const row = ROWS.find(({ codes }) => code !== undefined && codes.includes(code));
  const options = { cause: error, details: { path, reason: errorMessage(error) } };
  if (row === undefined) {
    return new IpeError('store/io', `store ${path}: ${errorMessage(error)}`, { ...options, retryable: true });
  }
  return new IpeError(row.code, `store ${path}: ${row.text}`, { ...options, retryable: row.retryable });
}

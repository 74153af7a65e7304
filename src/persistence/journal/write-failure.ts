import pg from 'pg';

import { errorCode } from '../database.js';

/**
 * What a failed append statement means:
 * - `clash`: a unique key; nothing was written, somebody in the group is the loser
 * - `unacceptable`: the data of somebody in the group; nothing was written
 * - `later`: nothing was written, Postgres can't just now (disk full, deadlock, lock timeout, read-only, …)
 * - `unknown`: nobody knows whether it was committed
 */
export type FailureKind = 'clash' | 'unacceptable' | 'later' | 'unknown';

export interface WriteFailure {
  readonly kind: FailureKind;
  /** SQLSTATE or errno. */
  readonly code: string;
}

/**
 * Classes of SQLSTATE after which the statement is rolled back for certain. Everything else counts as unknown: class 57 and 58
 * may strike between the commit and its answer, and without a code the connection is gone.
 */
const ROLLED_BACK: Readonly<Record<string, FailureKind>> = {
  '22': 'unacceptable', // data exception
  '23': 'unacceptable', // integrity constraint other than a unique key
  '25': 'later', // read-only, as a standby is
  '40': 'later', // deadlock, serialization
  '42': 'later', // permission or object missing: an operator is at work
  '53': 'later', // disk full, out of memory
  '55': 'later', // lock not available
};

const UNIQUE_VIOLATION = '23505';

export function classifyFailure(error: unknown): WriteFailure {
  const code = errorCode(error);
  if (!(error instanceof pg.DatabaseError)) return { kind: 'unknown', code };
  if (code === UNIQUE_VIOLATION) return { kind: 'clash', code };
  return { kind: ROLLED_BACK[code.slice(0, 2)] ?? 'unknown', code };
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEntry, AuditLog } from '../../actors/kernel/ports/access.js';
import { changedPaths, overlap, type Paths } from './changed-paths.js';
import { etagOf, revisionsIn } from './etag.js';
import { Refusal } from '../problem.js';
import { formatRfc3339 } from './rfc3339.js';

/** What a change that came too late wanted, and what it came too late for. */
export interface LateChange {
  readonly tenant: string;
  readonly stream: string;
  /** Types of the events that change such a resource. */
  readonly types: readonly string[];
  /** Whether an event of these types is about this very resource. @default all are */
  readonly concerns?: (payload: Payload) => boolean;
  /** `If-Match` as it was sent. */
  readonly ifMatch: string;
  /** The resource as it is. */
  readonly current: object;
  readonly revision: number;
  /** What the change touches; `['']` for a deletion. */
  readonly paths: Paths;
}

type Payload = Readonly<Record<string, unknown>>;

/** So many of the changes in between are told, the newest. */
const TOLD_EVENTS = 50;
/** The audit is behind the journal by milliseconds; the event that is being refused for may have come this moment. */
const AUDIT_LAG_MS = 1_000;
const AUDIT_POLL_MS = 20;

/**
 * The refusal of a change whose `If-Match` does not name the revision any more: with the resource as it is, and the events since
 * the revision that the caller knew, each with what it has changed and whether that is what the caller wanted to change.
 */
export async function versionConflict(audit: AuditLog, late: LateChange): Promise<Refusal> {
  const known = Math.max(0, ...revisionsIn(late.ifMatch).filter((revision) => revision < late.revision));
  const entries = known === 0 ? [] : await changesSince(audit, late, known);
  return new Refusal('VERSION_CONFLICT', `It is at revision ${late.revision} by now.`, {
    headers: { ETag: etagOf(late.revision) },
    current: late.current,
    events: entries.map((entry) => conflictJson(entry, late.paths)),
  });
}

/** The oldest first; none when the audit does not know the newest of them in time. */
async function changesSince(audit: AuditLog, late: LateChange, known: number): Promise<readonly AuditEntry[]> {
  const { tenant, stream, types, revision, concerns = () => true } = late;
  for (let waited = 0; waited < AUDIT_LAG_MS; waited += AUDIT_POLL_MS) {
    const entries = await audit.list({ tenant, stream, types, limit: TOLD_EVENTS });
    if ((entries[0]?.event.sequence ?? 0) >= revision)
      return entries.filter(({ event }) => event.sequence > known && concerns(parse(event.payload))).reverse();
    await sleep(AUDIT_POLL_MS);
  }
  return [];
}

/** Schema `ConflictEvent`. */
function conflictJson(entry: AuditEntry, wanted: Paths): object {
  const { sequence, type, recordedAt, metadata } = entry.event;
  const paths = pathsOf(entry);
  const { principal } = parse(metadata);
  return {
    sequence,
    type,
    recordedAt: formatRfc3339(recordedAt),
    principal,
    paths,
    conflicting: overlap(paths, wanted),
  };
}

/** What an event has changed of its resource. */
function pathsOf({ event: { type, payload }, previous }: AuditEntry): Paths {
  switch (type) {
    case 'DeviceUpdated': {
      const profileOf = (bytes: Buffer | undefined): object =>
        bytes === undefined ? {} : (parse(bytes)['profile'] as object);
      return changedPaths(profileOf(previous), profileOf(payload));
    }
    case 'DeviceEnabled':
    case 'DeviceDisabled':
    case 'UserEnabled':
    case 'UserDisabled':
      return ['/enabled'];
    case 'UserRoleChanged':
      return ['/role'];
    case 'UserPasswordChanged':
      return ['/password'];
    default:
      return [''];
  }
}

function parse(bytes: Buffer): Payload {
  return JSON.parse(bytes.toString()) as Payload;
}

import type { AuditEntry } from '../../actors/kernel/ports/access.js';
import type { RecordedEvent } from '../../actors/kernel/ports/journal.js';
import { parseStreamKey } from '../../actors/kernel/stream-key.js';
import { formatRfc3339 } from '../request/rfc3339.js';

type Payload = Readonly<Record<string, unknown>>;

/** What a reader of the audit has no use for: hashes of secrets, and certificates in full. */
const LEFT_OUT = new Set(['sha256', 'verifierSha256', 'certificate', 'publicKeySha256']);

interface AuditEntryJson {
  readonly at: string;
  readonly action: string;
  readonly principal: string;
  readonly credential: string | null;
  readonly address: string | null;
  readonly on: Subject;
  readonly result: 'done' | 'refused';
  readonly before: object | null;
  readonly after: object;
  readonly requestId: string | null;
  readonly event: Pick<RecordedEvent, 'shard' | 'position' | 'stream' | 'sequence'>;
}

/** What something was done to. */
interface Subject {
  readonly kind: 'certificate' | 'token' | 'device' | 'session' | 'user' | 'tenant';
  readonly id: string;
  /** Whose certificate or token. */
  readonly device?: string;
}

/** An entry of the audit log as schema `AuditEntry`. */
export function auditEntryJson({ event, previous }: AuditEntry): AuditEntryJson {
  const { shard, position, stream, sequence, type } = event;
  const payload = parse(event.payload);
  const metadata = parse(event.metadata);
  const text = (name: string): string | null => {
    const value = metadata[name];
    return typeof value === 'string' ? value : null;
  };
  return {
    at: formatRfc3339(event.recordedAt),
    action: type,
    principal: text('principal') ?? 'system/unknown',
    credential: text('credential'),
    address: text('address'),
    on: subjectOf(event, payload),
    result: type === 'SignInFailed' ? 'refused' : 'done',
    before: beforeOf(type, payload, previous),
    after: withoutSecrets(payload),
    requestId: text('correlationId'),
    event: { shard, position, stream, sequence },
  };
}

function subjectOf({ stream, type }: RecordedEvent, payload: Payload): Subject {
  const { concept, tenant, id = '' } = parseStreamKey(stream);
  const named = (name: string): string | undefined => {
    const value = payload[name];
    return typeof value === 'string' ? value : undefined;
  };
  const owner = concept === 'device' ? { device: id } : {};
  if (/^(Platform)?Certificate/.test(type)) return { kind: 'certificate', id: named('fingerprint') ?? '', ...owner };
  if (/^(Tenant)?Token/.test(type)) return { kind: 'token', id: named('tokenId') ?? '', ...owner };
  if (concept === 'device') return { kind: 'device', id };
  if (type.startsWith('Session')) return { kind: 'session', id: named('sessionId') ?? '' };
  const user = named('name') ?? named('user');
  return user === undefined ? { kind: 'tenant', id: tenant } : { kind: 'user', id: user };
}

function beforeOf(type: string, payload: Payload, previous: Buffer | undefined): object | null {
  if (type === 'UserRoleChanged') return { role: payload['from'] };
  return previous === undefined ? null : withoutSecrets(parse(previous));
}

function withoutSecrets(payload: Payload): object {
  return Object.fromEntries(Object.entries(payload).filter(([name]) => !LEFT_OUT.has(name)));
}

function parse(bytes: Buffer): Payload {
  return JSON.parse(bytes.toString()) as Payload;
}

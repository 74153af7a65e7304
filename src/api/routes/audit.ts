import { deviceStream } from '../../actors/device/events.js';
import type { AuditEntry, AuditLog, AuditQuery } from '../../actors/kernel/ports/access.js';
import { sendJson, type Call, type Handlers } from '../call.js';
import { auditEntryJson } from '../access/audit-json.js';
import { decodeCursor, encodeCursor, refuseCursor } from '../request/cursor.js';
import { linkNext } from '../request/link.js';
import { parseRfc3339 } from '../request/rfc3339.js';

interface AuditParameters {
  readonly principal?: string;
  readonly types?: readonly string[];
  readonly device?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
  readonly cursor?: string;
}

/** `/audit`. */
export function auditHandlers({ audit }: { readonly audit: AuditLog }): Handlers {
  return {
    async listAudit(call) {
      const { principal, types, device, from, to, limit, cursor } = call.parameters as AuditParameters;
      const { tenant } = call.access;
      const binding = ['audit', tenant, principal ?? null, types ?? null, device ?? null, from ?? null, to ?? null];
      const entries = await audit.list({
        tenant,
        principal,
        types,
        stream: device === undefined ? undefined : deviceStream(tenant, device),
        from: from === undefined ? undefined : parseRfc3339(from),
        to: to === undefined ? undefined : parseRfc3339(to),
        limit: limit + 1,
        before: cursor === undefined ? undefined : placeOf(decodeCursor(binding, cursor)),
      });
      answer(call, entries.slice(0, limit), entries.length > limit ? binding : undefined);
    },
  };
}

function answer(call: Call, entries: readonly AuditEntry[], binding: readonly unknown[] | undefined): void {
  const last = entries.at(-1)?.event;
  const next =
    binding === undefined || last === undefined
      ? null
      : encodeCursor(binding, [last.recordedAt, last.shard, last.position]);
  linkNext(call, next);
  sendJson(call, 200, { items: entries.map(auditEntryJson), next });
}

function placeOf(place: unknown): AuditQuery['before'] {
  const [recordedAt, shard, position] = Array.isArray(place) ? (place as readonly unknown[]) : [];
  if (!isInteger(recordedAt) || !isInteger(shard) || !isInteger(position)) refuseCursor();
  return { recordedAt, shard, position };
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

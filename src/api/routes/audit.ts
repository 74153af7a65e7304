import { deviceStream } from '../../actors/device/events.js';
import type { AuditEntry, AuditLog, AuditQuery } from '../../actors/kernel/ports/access.js';
import type { Call, Handlers } from '../call.js';
import { exportAudit, exportFormat } from '../access/audit-export.js';
import { auditEntryJson } from '../access/audit-json.js';
import { Refusal } from '../problem.js';
import { decodeCursor, encodeCursor, refuseCursor } from '../request/cursor.js';
import { fieldsOf, refuseFieldsOfTable } from '../request/fields.js';
import { sendPage } from '../request/page.js';
import { parseRfc3339 } from '../request/rfc3339.js';

interface AuditParameters {
  readonly principal?: string;
  readonly types?: readonly string[];
  readonly device?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

const PAGE_LIMIT = 50;
const MAX_PAGE_LIMIT = 250;

/** `/audit`: pages, or all of it as lines or a table. */
export function auditHandlers({ audit }: { readonly audit: AuditLog }): Handlers {
  return {
    async listAudit(call) {
      const { principal, types, device, from, to, limit, cursor } = call.parameters as AuditParameters;
      const { tenant } = call.access;
      refuseFieldsOfTable(call);
      const binding = ['audit', tenant, principal ?? null, types ?? null, device ?? null, from ?? null, to ?? null];
      const query = {
        tenant,
        principal,
        types,
        stream: device === undefined ? undefined : deviceStream(tenant, device),
        from: from === undefined ? undefined : parseRfc3339(from),
        to: to === undefined ? undefined : parseRfc3339(to),
        before: cursor === undefined ? undefined : placeOf(decodeCursor(binding, cursor)),
      };
      const format = exportFormat(call.answer, fieldsOf(call));
      if (format !== undefined) {
        await exportAudit(call, format, pagesOf(audit, { ...query, limit: limit ?? Infinity }));
        return;
      }
      const size = limit ?? PAGE_LIMIT;
      if (size > MAX_PAGE_LIMIT) {
        throw new Refusal('PARAMETER_INVALID', `A page holds at most ${MAX_PAGE_LIMIT} entries; lines have no bound.`);
      }
      const entries = await audit.list({ ...query, limit: size + 1 });
      answer(call, entries.slice(0, size), entries.length > size ? binding : undefined);
    },
  };
}

/** All entries of a query, `limit` at most. What is recorded meanwhile is newer than the first page and does not appear. */
async function* pagesOf(audit: AuditLog, query: AuditQuery): AsyncGenerator<readonly AuditEntry[]> {
  let { before, limit } = query;
  while (limit > 0) {
    const size = Math.min(limit, MAX_PAGE_LIMIT);
    const page = await audit.list({ ...query, before, limit: size });
    yield page;
    const last = page.at(-1)?.event;
    if (last === undefined || page.length < size) return;
    before = last;
    limit -= page.length;
  }
}

function answer(call: Call, entries: readonly AuditEntry[], binding: readonly unknown[] | undefined): void {
  const last = entries.at(-1)?.event;
  const next =
    binding === undefined || last === undefined
      ? null
      : encodeCursor(binding, [last.recordedAt, last.shard, last.position]);
  sendPage(call, entries.map(auditEntryJson), { next });
}

function placeOf(place: unknown): AuditQuery['before'] {
  const [recordedAt, shard, position] = Array.isArray(place) ? (place as readonly unknown[]) : [];
  if (!isInteger(recordedAt) || !isInteger(shard) || !isInteger(position)) refuseCursor();
  return { recordedAt, shard, position };
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

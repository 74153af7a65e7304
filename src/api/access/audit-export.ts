import { pipeline } from 'node:stream/promises';
import { FleetlogError } from '../../actors/kernel/errors.js';
import type { AuditEntry } from '../../actors/kernel/ports/access.js';
import type { Call } from '../call.js';
import { csvLine } from '../events/csv.js';
import { withFields } from '../request/fields.js';
import { auditEntryJson } from './audit-json.js';

/** How entries are written when all of them are wanted at once. */
interface ExportFormat {
  readonly mediaType: string;
  readonly opening: string;
  readonly entry: (entry: AuditEntry) => string;
}

const COLUMNS = [
  ...(['at', 'principal', 'action', 'kind', 'id', 'device', 'result', 'address', 'credential'] as const),
  ...(['before', 'after', 'requestId', 'shard', 'position', 'stream', 'sequence'] as const),
];

const CSV: ExportFormat = {
  mediaType: 'text/csv; charset=utf-8; header=present',
  opening: csvLine(COLUMNS),
  entry: entryCsv,
};

function linesWith(fields: readonly string[] | undefined): ExportFormat {
  return {
    mediaType: 'application/x-ndjson; charset=utf-8',
    opening: '',
    entry: (entry) => `${JSON.stringify(withFields(auditEntryJson(entry), fields))}\n`,
  };
}

/**
 * Format of the answer that the caller has asked for; `undefined` = pages of JSON.
 * @param fields members of a line, all when absent
 */
export function exportFormat(
  mediaType: string | undefined,
  fields: readonly string[] | undefined,
): ExportFormat | undefined {
  if (mediaType === 'application/x-ndjson') return linesWith(fields);
  return mediaType === 'text/csv' ? CSV : undefined;
}

/** A reader that takes nothing for so long is cut. */
const STALL_MS = 30_000;

/**
 * Answers with all entries of `pages`, page by page at the reader's pace. An answer that ends early, be it that the caller's
 * credential has, is a broken connection: nobody should take a part of the audit for the whole.
 * @throws FleetlogError `TOKEN_EXPIRED`, or what reading a page throws
 */
export async function exportAudit(
  { request, response, access }: Call,
  format: ExportFormat,
  pages: AsyncIterable<readonly AuditEntry[]>,
): Promise<void> {
  response.status(200).set({ 'Content-Type': format.mediaType, 'X-Accel-Buffering': 'no' });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  response.setTimeout(STALL_MS, () => response.destroy());
  async function* text(): AsyncGenerator<string> {
    yield format.opening;
    for await (const page of pages) {
      if (!access.valid()) throw new FleetlogError('TOKEN_EXPIRED', 'The credential has ended.');
      yield page.map(format.entry).join('');
    }
  }
  await pipeline(text, response).catch((error: unknown) => {
    if (!isReaderGone(error)) throw error;
  });
}

function isReaderGone(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === 'ERR_STREAM_PREMATURE_CLOSE';
}

/** `before` and `after` are JSON. */
function entryCsv(entry: AuditEntry): string {
  const { at, principal, action, on, result, address, credential, before, after, requestId, event } =
    auditEntryJson(entry);
  return csvLine([
    ...[at, principal, action, on.kind, on.id, on.device ?? null, result, address, credential],
    ...[before && JSON.stringify(before), JSON.stringify(after), requestId],
    ...[event.shard, event.position, event.stream, event.sequence],
  ]);
}

import { addressOf, reach } from '../../data/client.js';
import type { EventRequest } from './view.js';

export interface ExportFormat {
  readonly accept: string;
  readonly extension: string;
}

export const FORMATS = {
  ndjson: { accept: 'application/x-ndjson', extension: 'ndjson' },
  csv: { accept: 'text/csv', extension: 'csv' },
} as const satisfies Readonly<Record<string, ExportFormat>>;

/**
 * Asks for the rows and gives them to the browser as a file. Rows are counted while they pass; the browser keeps them, on
 * disk when they are many.
 * @throws RequestFailed; whatever `signal` was aborted with
 */
export async function exportFile(
  request: EventRequest,
  format: ExportFormat,
  signal: AbortSignal,
  onRows: (rows: number) => void,
): Promise<void> {
  const response = await reach(addressOf('/api/v1/events', { query: request }), {
    headers: { Accept: format.accept },
    signal,
  });
  let rows = 0;
  const counted = response.body?.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, controller) {
        for (const byte of piece) if (byte === 10) rows += 1;
        onRows(rows);
        controller.enqueue(piece);
      },
    }),
  );
  const url = URL.createObjectURL(await new Response(counted ?? null).blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = `fleetlog-events-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.${format.extension}`;
  link.click();
  URL.revokeObjectURL(url);
}

import { addressOf, reach } from './client.js';
import { download } from './download.js';

export interface ExportFormat {
  readonly accept: string;
  readonly extension: string;
}

export const FORMATS = {
  ndjson: { accept: 'application/x-ndjson', extension: 'ndjson' },
  csv: { accept: 'text/csv', extension: 'csv' },
} as const satisfies Readonly<Record<string, ExportFormat>>;

/** What is exported, and as what. */
export interface ExportRequest {
  readonly path: '/api/v1/events' | '/api/v1/audit';
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly format: ExportFormat;
  /** How the file's name begins; the time follows. */
  readonly name: string;
}

/**
 * Asks for the rows and gives them to the browser as a file. Lines are counted while they pass; the browser keeps them, on
 * disk when they are many.
 * @throws RequestFailed; whatever `signal` was aborted with
 */
export async function exportFile(
  { path, query, format, name }: ExportRequest,
  signal: AbortSignal,
  onRows?: (rows: number) => void,
): Promise<void> {
  const response = await reach(addressOf(path, { query }), { headers: { Accept: format.accept }, signal });
  let rows = 0;
  const counted = response.body?.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, controller) {
        for (const byte of piece) if (byte === 10) rows += 1;
        onRows?.(rows);
        controller.enqueue(piece);
      },
    }),
  );
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '');
  download(`${name}-${time}.${format.extension}`, await new Response(counted ?? null).blob());
}

import { open, type FileHandle } from 'node:fs/promises';
import { csvCells, csvLine } from './csv.js';
import { CliFailure, EXIT } from './failure.js';
import { EVENT_FIELDS, type JournalEvent } from './journal-event.js';
import type { Output } from './output.js';

export type ReplayFormat = 'ndjson' | 'csv';

/** The place of an event that has been written. */
type Place = Pick<JournalEvent, 'shard' | 'position' | 'sequence'>;

/** Where a replay goes: standard output, or a file that it can go on with. */
export interface ReplayTarget {
  /** @param line the event as the server has spelt it */
  write(line: string, event: JournalEvent): Promise<void>;
  /** Everything written is on disk when it resolves. */
  close(): Promise<void>;
}

const BUFFERED_BYTES = 1 << 16;

export function toOutput(output: Output, format: ReplayFormat): ReplayTarget {
  let isBegun = false;
  return {
    async write(line, event) {
      if (format === 'ndjson') return output.json(line);
      if (!isBegun) await output.text(csvCells(EVENT_FIELDS));
      isBegun = true;
      return output.text(lineOf(line, event, format));
    },
    close: () => Promise.resolve(),
  };
}

/**
 * A new file, or one that goes on behind its last whole line: what was torn by a crash or Ctrl-C is cut off and read again.
 * @param onPlace told each event that the file has already
 * @throws CliFailure for a file that is there and was not to be gone on with
 */
export async function toFile(
  path: string,
  format: ReplayFormat,
  resume: boolean,
  onPlace: (place: Place) => void,
): Promise<ReplayTarget> {
  const handle = await open(path, resume ? 'a+' : 'wx+').catch((error: unknown) => {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw new CliFailure(
      `${path} ${isThere ? 'is there already' : `can not be written: ${(error as Error).message}`}.`,
      {
        exitCode: EXIT.usage,
        hint: isThere ? 'Add --resume to go on with it, or name another file.' : undefined,
      },
    );
  });
  try {
    const whole = await readPlaces(handle, format, onPlace);
    await handle.truncate(whole);
    return writeTo(handle, format, whole === 0);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** @returns bytes of all whole lines */
async function readPlaces(handle: FileHandle, format: ReplayFormat, onPlace: (place: Place) => void): Promise<number> {
  let whole = 0;
  let isHeader = format === 'csv';
  let rest = Buffer.alloc(0);
  for await (const chunk of handle.createReadStream({ start: 0, autoClose: false })) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    let end = rest.indexOf('\n');
    while (end !== -1) {
      const line = rest.toString('utf8', 0, end);
      if (!isHeader) onPlace(placeOf(line, format));
      isHeader = false;
      whole += end + 1;
      rest = rest.subarray(end + 1);
      end = rest.indexOf('\n');
    }
  }
  return whole;
}

/** The first four members are numbers and a stream, whose name has no comma. */
const CSV_PLACE = /^(\d+),(\d+),[^,]*,(\d+),/;

function placeOf(line: string, format: ReplayFormat): Place {
  const [, shard, position, sequence] = CSV_PLACE.exec(line)?.map(Number) ?? [];
  const place = format === 'csv' ? { shard, position, sequence } : readPlace(line);
  if ([place.shard, place.position, place.sequence].every(Number.isSafeInteger)) return place as Place;
  throw new CliFailure('The file holds something else than events in this format.', {
    exitCode: EXIT.usage,
    hint: `One of its lines begins with ${line.slice(0, 40)}`,
  });
}

function readPlace(line: string): Partial<Place> {
  try {
    return JSON.parse(line) as Partial<Place>;
  } catch {
    return {};
  }
}

function writeTo(handle: FileHandle, format: ReplayFormat, isEmpty: boolean): ReplayTarget {
  let waiting = isEmpty && format === 'csv' ? `${csvCells(EVENT_FIELDS)}\n` : '';
  const flush = async (): Promise<void> => {
    if (waiting !== '') await handle.appendFile(waiting);
    waiting = '';
  };
  return {
    async write(line, event) {
      waiting += `${lineOf(line, event, format)}\n`;
      if (waiting.length >= BUFFERED_BYTES) await flush();
    },
    async close() {
      await flush();
      await handle.sync();
      await handle.close();
    },
  };
}

const lineOf = (line: string, event: JournalEvent, format: ReplayFormat): string =>
  format === 'ndjson' ? line : csvLine({ ...event }, EVENT_FIELDS);

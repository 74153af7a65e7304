import type { Table } from './table.js';

/** An event in every JSON form of the server, as far as the command line looks into it. */
export interface JournalEvent {
  readonly shard: number;
  readonly position: number;
  readonly stream: string;
  readonly sequence: number;
  readonly type: string;
  readonly recordedAt: string;
  readonly device: string | null;
  readonly payload: object;
}

/** Members of an event, in the order of the server. */
export const EVENT_FIELDS = [
  'shard',
  'position',
  'stream',
  'sequence',
  'type',
  'schemaVersion',
  'occurredAt',
  'recordedAt',
  'tenant',
  'device',
  'payload',
  'metadata',
] as const;

/** Of fixed width, since events come one by one. */
const COLUMNS: Table<JournalEvent>['columns'] = [
  // Local time to the millisecond: what a person compares with a clock.
  {
    title: 'TIME',
    width: 12,
    cell: ({ recordedAt }) => new Date(recordedAt).toTimeString().slice(0, 8) + recordedAt.slice(19, 23),
  },
  { title: 'POSITION', width: 12, align: 'right', cell: ({ shard, position }) => `${shard}:${position}` },
  { title: 'DEVICE', width: 16, cell: ({ device, stream }) => device ?? stream },
  { title: 'SEQ', width: 7, align: 'right', cell: ({ sequence }) => String(sequence) },
  {
    title: 'TYPE',
    width: 20,
    cell: ({ type }) => type,
    colour: ({ type }) => (type === 'MessageRejected' ? 'bad' : undefined),
  },
  { title: 'PAYLOAD', cell: ({ payload }) => JSON.stringify(payload) },
];

export const EVENT_TABLE: Table<JournalEvent> = { columns: COLUMNS, fields: EVENT_FIELDS };

/** The last position read of each shard; resuming behind them gives no event twice and leaves none out. */
export interface ReadPositions {
  read(event: Pick<JournalEvent, 'shard' | 'position'>): void;
  /** Further on, where `positions` are. */
  advance(positions: string): void;
  /** As the parameter `after` takes them. */
  toString(): string;
}

/** @param from `shard:position,…` */
export function createReadPositions(from = ''): ReadPositions {
  const positions = new Map(parsePositions(from));
  return {
    read: ({ shard, position }) => void positions.set(shard, position),
    advance(others) {
      for (const [shard, position] of parsePositions(others)) {
        positions.set(shard, Math.max(position, positions.get(shard) ?? 0));
      }
    },
    toString: () => [...positions].map(([shard, position]) => `${shard}:${position}`).join(','),
  };
}

/** @param text `shard:position,…` */
export function parsePositions(text: string): readonly (readonly [shard: number, position: number])[] {
  return text === '' ? [] : text.split(',').map((pair) => pair.split(':').map(Number) as [number, number]);
}

import type { Column } from './output.js';

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

/** Of fixed width, since events come one by one. */
export const EVENT_COLUMNS: readonly Column<JournalEvent>[] = [
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

/** The last position read of each shard; resuming behind them gives no event twice and leaves none out. */
export interface ReadPositions {
  read(event: JournalEvent): void;
  /** As the parameter `after` takes them. */
  toString(): string;
}

/** @param from `shard:position,…` */
export function createReadPositions(from = ''): ReadPositions {
  const positions = new Map<number, number>();
  for (const pair of from === '' ? [] : from.split(',')) {
    const [shard, position] = pair.split(':');
    positions.set(Number(shard), Number(position));
  }
  return {
    read: ({ shard, position }) => void positions.set(shard, position),
    toString: () => [...positions].map(([shard, position]) => `${shard}:${position}`).join(','),
  };
}

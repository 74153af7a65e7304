import type { Part, SystemActivity, SystemStatus } from './system-state.js';
import type { Output } from './output.js';
import { numeral } from './progress.js';
import { tableLines, type Column } from './table.js';
import { printable, type Colour } from './terminal.js';

/** Lines on a terminal of 24: what is above them and the prompt stay in sight. */
const MOST_LINES = 20;
/** Shards that are shown; those furthest behind come first. */
const MOST_SHARDS = 8;
/** Seconds of the ingest line that one cell stands for. */
const CELL_SECONDS = 30;
const INGEST_SECONDS = 60;
const CELLS = '▁▂▃▄▅▆▇█';

type Paint = Output['paint'];
type Shard = SystemStatus['shards'][number];

const SHARD_COLUMNS: readonly Column<Shard>[] = [
  { title: 'SHARD', align: 'right', cell: ({ shard }) => String(shard) },
  { title: 'HEAD', align: 'right', cell: ({ head }) => numeral(head) },
  { title: 'IN KAFKA', align: 'right', cell: ({ relayed }) => numeral(relayed) },
  {
    title: 'BEHIND',
    align: 'right',
    cell: ({ lagEvents }) => numeral(lagEvents),
    colour: ({ lagEvents }) => (lagEvents > 0 ? 'warn' : undefined),
  },
  { title: 'SECONDS', align: 'right', cell: ({ lagSeconds }) => lagSeconds.toFixed(1) },
];

/** The health page for a terminal: what needs attention first, then the figures. */
export function healthLines(
  status: SystemStatus,
  activity: SystemActivity,
  url: string,
  { paint, width }: Pick<Output, 'paint' | 'width'>,
): readonly string[] {
  const needs = needsAttention(status, activity);
  const figures = figuresOf(status, activity).map(
    ([name, text]) => `${paint(name.padEnd(10), 'quiet')}${cut(printable(text), width - 10)}`,
  );
  const shards = [...status.shards].sort((a, b) => b.lagEvents - a.lagEvents || a.shard - b.shard);
  const table = tableLines(shards.slice(0, MOST_SHARDS), SHARD_COLUMNS, width, paint);
  const room = MOST_LINES - 1 - figures.length - table.length;
  const shown = needs.slice(0, needs.length > room ? room - 1 : room);
  const rest = needs.length - shown.length;
  return [
    `${stateOf(status, needs.length, paint)}  Fleetlog ${printable(status.version)} at ${printable(url)}`,
    ...shown.map(([mark, name, text]) => `${paint(mark, name)} ${cut(printable(text), width - 2)}`),
    ...(rest > 0 ? [`  and ${rest} more: see Home on the dashboard`] : []),
    ...figures,
    ...table,
  ];
}

function stateOf({ parts }: SystemStatus, needs: number, paint: Paint): string {
  if (Object.values(parts).some(({ state }) => state === 'down')) return paint('✗ not accepting events', 'bad');
  return needs > 0 ? paint('! needs attention', 'warn') : paint('✓ healthy', 'good');
}

type Need = readonly [mark: string, colour: Colour, text: string];

function needsAttention({ parts, quarantined, relay }: SystemStatus, activity: SystemActivity): readonly Need[] {
  const marks: Record<Part['state'], readonly [string, Colour]> = {
    ok: ['✓', 'good'],
    degraded: ['!', 'warn'],
    down: ['✗', 'bad'],
  };
  return [
    ...Object.entries(parts)
      .filter(([, { state }]) => state !== 'ok')
      .map(([name, { state, reason }]): Need => [...marks[state], `${name}: ${reason ?? state}`]),
    ...quarantined.map(({ detail }): Need => ['✗', 'bad', detail]),
    ...(relay.state === 'off' ? [['!', 'warn', 'Kafka is off: events wait safely in the journal'] as const] : []),
    ...activity.rejections.map(({ device, count, detail }): Need => [
      '!',
      'warn',
      `${device}: ${numeral(count)} messages refused in 5 min: ${detail}`,
    ]),
    ...activity.disconnections.map(({ reason, count }): Need => [
      '!',
      'warn',
      `${numeral(count)} devices lost their connection in 5 min: ${reason}`,
    ]),
  ];
}

function figuresOf(status: SystemStatus, activity: SystemActivity): readonly (readonly [name: string, text: string])[] {
  const { total, online, offline, neverSeen, disabled } = activity.devices;
  const { waiting, relay, subscriptions, storage, shards } = status;
  const unread = Object.values(waiting.connections.unread).reduce((sum, count) => sum + count, 0);
  const behind = shards.reduce((sum, { lagEvents }) => sum + lagEvents, 0);
  const gate = activity.commitGate;
  return [
    [
      'devices',
      `${numeral(total)}: ● ${numeral(online)} online  ○ ${numeral(offline)} offline  ◇ ${numeral(neverSeen)} never seen  ■ ${numeral(disabled)} disabled`,
    ],
    ['ingest', `${rateOf(activity.events).toFixed(1)} events/s  ${lineOf(activity.events)}`],
    [
      'PUBACK',
      gate === null
        ? 'no publish in the last minute'
        : `p50 ${milliseconds(gate.p50Seconds)}, p99 ${milliseconds(gate.p99Seconds)} of ${numeral(gate.publishes)} in the last minute`,
    ],
    [
      'waiting',
      `${numeral(waiting.commitGate.publishes)} publishes, ${numeral(waiting.journal.events)} events, ${numeral(waiting.devices.recoveriesWaiting)} devices, ${numeral(unread)} sockets unread`,
    ],
    ['Postgres', `${storage.postgres}, schema ${storage.schema}, answers in ${milliseconds(storage.latencySeconds)}`],
    [
      'Kafka',
      `${relay.state}, ${numeral(behind)} events behind${relay.reason === undefined ? '' : `: ${relay.reason}`}`,
    ],
    [
      'readers',
      subscriptions
        .map(({ name, state, shards: lags }) => {
          const lag = lags.reduce((sum, { lagEvents }) => sum + lagEvents, 0);
          return lag === 0 && state === 'running' ? `${name} ✓` : `${name} ${state} ${numeral(lag)} behind`;
        })
        .join(' · '),
    ],
  ];
}

/** Events per second over the last minute. @param events per second, the oldest first */
function rateOf(events: readonly number[]): number {
  const last = events.slice(-INGEST_SECONDS);
  return last.length === 0 ? 0 : last.reduce((sum, count) => sum + count, 0) / last.length;
}

/** The last 15 minutes as a line of blocks. */
function lineOf(events: readonly number[]): string {
  const sums: number[] = [];
  for (let end = events.length; end > 0; end -= CELL_SECONDS) {
    sums.unshift(events.slice(Math.max(0, end - CELL_SECONDS), end).reduce((sum, count) => sum + count, 0));
  }
  const most = Math.max(1, ...sums);
  return sums.map((sum) => CELLS[Math.round((sum / most) * (CELLS.length - 1))]).join('');
}

const milliseconds = (seconds: number): string => `${(seconds * 1_000).toFixed(seconds < 0.01 ? 1 : 0)} ms`;

const cut = (text: string, room: number): string => {
  const characters = Array.from(text);
  return characters.length <= room ? text : `${characters.slice(0, Math.max(0, room - 1)).join('')}…`;
};

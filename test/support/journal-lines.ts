import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetlogProcess } from './fleetlog-process.js';

/** An event as REST gives it (`interfaces.md` §4a). */
export interface JournalLine {
  readonly shard: number;
  readonly position: number;
  readonly stream: string;
  readonly sequence: number;
  readonly type: string;
  readonly device: string;
  readonly payload: unknown;
  readonly metadata: Readonly<Record<string, unknown>>;
}

interface SystemStatus {
  readonly shards: readonly {
    readonly shard: number;
    readonly head: number;
    readonly relayed: number;
    readonly lagEvents: number;
  }[];
  readonly relay: { readonly state: string };
}

/** The whole journal as NDJSON over REST, in shard order. Throws where a shard or a stream has a gap (I2). */
export async function readJournal(server: FleetlogProcess): Promise<readonly JournalLine[]> {
  const response = await server.call('GET', '/events', undefined, { accept: 'application/x-ndjson' });
  if (response.status !== 200) throw new Error(`GET /events: ${response.status} ${await response.text()}`);
  const lines = (await response.text())
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as JournalLine);
  const positions = new Map<number, number>();
  const sequences = new Map<string, number>();
  for (const { shard, position, stream, sequence } of lines) {
    if (position !== (positions.get(shard) ?? 0) + 1)
      throw new Error(`shard ${shard} has a break at position ${position}`);
    if (sequence !== (sequences.get(stream) ?? 0) + 1) throw new Error(`${stream} has a break at sequence ${sequence}`);
    positions.set(shard, position);
    sequences.set(stream, sequence);
  }
  return lines;
}

export async function systemStatus(server: FleetlogProcess): Promise<SystemStatus> {
  return (await (await server.call('GET', '/system/status')).json()) as SystemStatus;
}

/** Waits until everything in the journal is committed in Kafka. */
export async function untilRelayed(server: FleetlogProcess, timeoutMs = 60_000): Promise<void> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const { shards } = await systemStatus(server);
    if (shards.every(({ head, lagEvents }) => head >= 0 && lagEvents === 0)) return;
    if (Date.now() > until) throw new Error(`not relayed in ${timeoutMs} ms: ${JSON.stringify(shards)}`);
    await sleep(100);
  }
}

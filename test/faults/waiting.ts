import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetlogProcess } from '../support/fleetlog-process.js';
import type { Platform } from './platform.js';

const BACK_MS = 60_000;

/** Waits until the devices were acknowledged `more` messages, so that a fault strikes under load. */
export async function untilAcknowledged({ ledger }: Platform, more: number): Promise<void> {
  const wanted = ledger.count + more;
  for (const until = Date.now() + BACK_MS; ledger.count < wanted;) {
    await sleep(5);
    if (Date.now() > until)
      throw new Error(`only ${ledger.count} of ${wanted} were acknowledged in ${BACK_MS / 1000} s`);
  }
}

/** Waits until each device was acknowledged something more. */
export async function untilEachAcknowledged({ loads }: Platform): Promise<void> {
  const before = loads.map(({ acknowledged }) => acknowledged);
  for (const until = Date.now() + BACK_MS; ;) {
    const waiting = loads.filter(({ acknowledged }, index) => acknowledged <= (before[index] ?? 0));
    if (waiting.length === 0) return;
    if (Date.now() > until)
      throw new Error(`${waiting.length} devices were acknowledged nothing in ${BACK_MS / 1000} s`);
    await sleep(5);
  }
}

/** Waits for the end of the process by its own hand. */
export async function endsBy(server: FleetlogProcess, signal: NodeJS.Signals, place: string): Promise<void> {
  const late = new AbortController();
  const timer = sleep(BACK_MS, 'never', { signal: late.signal }).catch(() => 'never');
  const end = await Promise.race([server.ended, timer]);
  late.abort();
  if (end !== signal) throw new Error(`${place}: the process ended with ${end} instead of ${signal}`);
}

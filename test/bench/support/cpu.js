// CPU time of whole programs, from /proc.
import { readFile, readdir } from 'node:fs/promises';

const CLOCK_TICKS_PER_SECOND = 100;

/**
 * CPU seconds since their start. A process counts with its children that have no name of their own: Postgres is all its backends,
 * also those that have ended, while the Postgres and the Kafka that a Fleetlog starts are not Fleetlog.
 * @param {Readonly<Record<string, number | null | undefined>>} pids
 * @returns {Promise<Record<string, number>>}
 */
export async function cpuSecondsOf(pids) {
  const all = await readProcesses();
  const named = new Set(Object.values(pids));
  const seconds = {};
  for (const [name, pid] of Object.entries(pids)) {
    if (!pid) continue;
    const own = all.filter((entry) => entry.pid === pid || (entry.parent === pid && !named.has(entry.pid)));
    seconds[name] = own.reduce((sum, { pid: id, self, ended }) => sum + self + (id === pid ? ended : 0), 0);
  }
  return seconds;
}

/** CPU µs per message between two samples, by name, and of `all` together. */
export function cpuMicrosPer(count, before, after) {
  const micros = {};
  for (const name of Object.keys(after)) micros[name] = ((after[name] - before[name]) * 1e6) / count;
  micros.all = Object.values(micros).reduce((sum, value) => sum + value, 0);
  return micros;
}

/** The processes of a Fleetlog by name. */
export const processesOf = ({ child, ready }) => ({
  fleetlog: child.pid,
  postgres: ready.pids.postgres,
  kafka: ready.pids.kafka,
});

async function readProcesses() {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const rows = await Promise.all(ids.map((id) => readFile(`/proc/${id}/stat`, 'utf8').catch(() => undefined)));
  return rows.filter(Boolean).map((row) => {
    const fields = row.slice(row.lastIndexOf(')') + 2).split(' ');
    const ticks = (index) => Number(fields[index]) / CLOCK_TICKS_PER_SECOND;
    return {
      pid: Number(row.slice(0, row.indexOf(' '))),
      parent: Number(fields[1]),
      self: ticks(11) + ticks(12),
      ended: ticks(13) + ticks(14),
    };
  });
}

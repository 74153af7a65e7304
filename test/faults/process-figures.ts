import { readFile } from 'node:fs/promises';
import type { FleetlogProcess } from '../support/fleetlog-process.js';

/** Clock ticks per second of `/proc/<pid>/stat` (`getconf CLK_TCK`), the same on every Linux that Node.js runs on. */
const TICKS = 100;
const PAGE_BYTES = 4_096;

/** CPU time of a process so far, user and system, s. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may hold spaces; utime and stime are the fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Resident memory, MiB. */
export async function residentMiB(pid: number): Promise<number> {
  const [, pages] = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ');
  return (Number(pages) * PAGE_BYTES) / 1024 / 1024;
}

/** Sum of a metric's series that hold the label text, from `/metrics`. */
export async function metricOf({ ready }: FleetlogProcess, name: string, label = ''): Promise<number> {
  const text = await (await fetch(`${ready.url}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(name) && /^[ {]/.test(line.slice(name.length)) && line.includes(label))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

// One run of the generator against a broker, with the CPU that each process spent meanwhile.
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { cpuMicrosPer, cpuSecondsOf } from './cpu.js';

/**
 * @param port of the broker
 * @param devices who sends
 * @param shape `{ inFlight }` for a closed loop, `{ rate }` for an open one
 * @param pids whose CPU is told, by name
 * @returns the generator's result, and `cpuMicros` per acknowledged message
 */
export async function runLoad(port, devices, shape, durationMs, pids) {
  const child = fork(join(import.meta.dirname, '../generator.js'), [], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  child.send({ port, connections: devices, durationMs, ...shape });
  let before;
  let cpuMicros;
  let result;
  const sampling = [];
  child.on('message', (message) => {
    if (message.type === 'result') result = message;
    else sampling.push(sample(message));
  });
  async function sample({ type, acked }) {
    const now = await cpuSecondsOf(pids);
    if (type === 'measuring') before = now;
    else cpuMicros = cpuMicrosPer(acked, before, now);
  }
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0 || !result) throw new Error(`the generator ended with ${code}`);
  await Promise.all(sampling);
  return { ...result, cpuMicros };
}

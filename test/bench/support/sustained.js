// The highest offered rate that a server sustains: an open loop whose rate is stepped up until a step fails.
import { setTimeout as sleep } from 'node:timers/promises';
import { median, rounded } from './statistics.js';

/** A PUBACK later than this is no service, whatever the rate (measure.md). */
const SERVICE_MS = 50;
/** Shares of the closed loop's rate at which the steps begin and end: it has more in flight than a device ever would. */
const FIRST_SHARE = 0.4;
const LAST_SHARE = 1.4;
/** Kafka keeps up when no more is missing in it than it is offered in this time. */
const LAG_SECONDS = 0.5;
/**
 * When the generator itself was later than this with a hundredth of its writes, a miss says nothing about the server. A step is
 * offered so often at most: a climb ends with what the server cannot do, not with one stall of the machine.
 */
const GENERATOR_LAG_MS = 10;
const TRIES = 3;
/** Another try begins when Kafka has everything, or after so long. */
const SETTLE_MS = 10_000;
/** Of what is due, so much must have been acknowledged within the step. */
const SERVED = 0.98;

/**
 * @param knee the rate of a closed loop, to know where to begin
 * @param offer runs one step `(rate, durationMs) => result of the generator`
 * @param lag events that are journaled and not in Kafka
 * @param stepShare what one step adds, as a share of `knee`
 * @param p99Ms bound of the PUBACK latency
 * @param passes how often the steps are climbed; the median pass counts
 * @returns the rate, its latency, CPU, and every step
 */
export async function findSustained({ knee, offer, lag, passes, stepShare, stepMs, log, p99Ms = SERVICE_MS }) {
  const climbs = [];
  for (let pass = 0; pass < passes; pass++) climbs.push(await climb());
  const middle = median(climbs.map(({ perSecond }) => perSecond));
  return climbs.find(({ perSecond }) => perSecond === middle);

  async function climb() {
    const steps = [];
    let best;
    for (let share = FIRST_SHARE; share <= LAST_SHARE; share += stepShare) {
      const rate = Math.round((knee * share) / 100) * 100;
      const step = await offerPatiently(rate);
      steps.push(step);
      const { holds, latencyMs, cpu } = step;
      if (!holds && share > FIRST_SHARE) break;
      if (holds) best = { perSecond: rate, latencyMs, cpu };
      // Not even the first step: half as much, until something is sustained or nothing is left to try.
      else {
        best = { perSecond: 0, latencyMs, cpu };
        knee /= 2;
        share -= stepShare;
        if (rate < 200) break;
      }
    }
    return { ...best, steps };
  }

  /** The last of up to three tries: one that holds ends them, and so does a second miss that is not the generator's. */
  async function offerPatiently(rate) {
    for (let tries = 1, misses = 0; ; tries++) {
      const step = { ...(await offerOnce(rate)), tries };
      if (!step.holds && !step.generatorLate) misses++;
      if (step.holds || misses === 2 || tries === TRIES) return step;
      for (const until = performance.now() + SETTLE_MS; performance.now() < until && (await lag()) > 0;)
        await sleep(100);
    }
  }

  async function offerOnce(rate) {
    const { perSecond, latencyMs, generatorLagMs, cpuMicros } = await offer(rate, stepMs);
    const lagEvents = await lag();
    const holds = latencyMs.p99 <= p99Ms && perSecond >= rate * SERVED && lagEvents <= rate * LAG_SECONDS;
    const generatorLate = generatorLagMs.p99 > GENERATOR_LAG_MS;
    const cpu = Object.fromEntries(Object.entries(cpuMicros).map(([name, micros]) => [name, rounded(micros, 1)]));
    log(
      `offered ${rate}/s: ${perSecond}/s, p99 ${latencyMs.p99} ms (the generator itself ${generatorLagMs.p99} ms), ` +
        `${lagEvents} not in Kafka, ${holds}`,
    );
    return { rate, perSecond, latencyMs, generatorLagMs, lagEvents, holds, generatorLate, cpu };
  }
}

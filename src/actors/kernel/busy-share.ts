import { performance } from 'node:perf_hooks';

/** Answers a function that tells which share of the time since its last call this process's event loop was busy, 0 … 1. */
export function createBusyShare(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const before = last;
    last = performance.eventLoopUtilization();
    return performance.eventLoopUtilization(last, before).utilization;
  };
}

/** Remembered of a tenant. */
const MAX_ENDED = 1000;
const TOLD_DEVICES = 5;
const ENDED_BY_ITSELF = new Set(['CLIENT_DISCONNECT', 'TAKEN_OVER', 'SERVER_STOPPED']);

/** Connections that ended for one reason. */
export interface Disconnection {
  readonly reason: string;
  /** Devices. */
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
  /** A few of them. */
  readonly devices: readonly string[];
}

/** Connections that were lost, not those that were ended in order. */
export interface Disconnections {
  note(device: string, reason: string, at: number): void;
  /** By reason; ms since 1970. */
  since(from: number): readonly Disconnection[];
}

interface Ended {
  readonly at: number;
  readonly device: string;
  readonly reason: string;
}

export function createDisconnections(): Disconnections {
  let ended: Ended[] = [];
  return {
    note(device, reason, at) {
      if (ENDED_BY_ITSELF.has(reason)) return;
      ended.push({ at, device, reason });
      if (ended.length > MAX_ENDED) ended = ended.slice(-MAX_ENDED / 2);
    },
    since: (from) => byReason(ended.filter(({ at }) => at >= from)),
  };
}

function byReason(ended: readonly Ended[]): Disconnection[] {
  const found = new Map<string, Ended[]>();
  for (const one of ended) found.set(one.reason, [...(found.get(one.reason) ?? []), one]);
  return [...found].map(([reason, all]) => {
    const devices = [...new Set(all.map(({ device }) => device))];
    const times = all.map(({ at }) => at);
    return {
      reason,
      count: devices.length,
      firstAt: Math.min(...times),
      lastAt: Math.max(...times),
      devices: devices.slice(0, TOLD_DEVICES),
    };
  });
}

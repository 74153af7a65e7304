/** Remembered of a tenant. */
const MAX_LOST = 1000;
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

/** Devices whose connection was lost, not ended in order, and that have not come back. */
export interface Disconnections {
  noteEnd(device: string, reason: string, at: number): void;
  noteConnect(device: string): void;
  /** By reason; ms since 1970. */
  since(from: number): readonly Disconnection[];
}

interface Lost {
  readonly at: number;
  readonly device: string;
  readonly reason: string;
}

export function createDisconnections(): Disconnections {
  /** By device, the oldest first. */
  const lost = new Map<string, Lost>();
  return {
    noteEnd(device, reason, at) {
      lost.delete(device);
      if (ENDED_BY_ITSELF.has(reason)) return;
      lost.set(device, { at, device, reason });
      if (lost.size > MAX_LOST) for (const oldest of [...lost.keys()].slice(0, MAX_LOST / 2)) lost.delete(oldest);
    },
    noteConnect: (device) => void lost.delete(device),
    since: (from) => byReason([...lost.values()].filter(({ at }) => at >= from)),
  };
}

function byReason(lost: readonly Lost[]): Disconnection[] {
  const found = new Map<string, Lost[]>();
  for (const one of lost) found.set(one.reason, [...(found.get(one.reason) ?? []), one]);
  return [...found].map(([reason, all]) => {
    const times = all.map(({ at }) => at);
    return {
      reason,
      count: all.length,
      firstAt: Math.min(...times),
      lastAt: Math.max(...times),
      devices: all.slice(0, TOLD_DEVICES).map(({ device }) => device),
    };
  });
}

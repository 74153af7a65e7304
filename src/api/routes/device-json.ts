import type { DeviceState } from '../../actors/device/state.js';
import type { DeviceSummary, RefusedConnect } from '../../actors/kernel/ports/device-index.js';
import type { Recent } from '../../actors/kernel/recent-series.js';
import type { Rejection, TakenOver } from '../system/device-troubles.js';
import { formatRfc3339 } from '../request/rfc3339.js';

/** A device as the API shows it (schema `Device`). */
export function deviceJson(state: DeviceState): object {
  const { connection } = state;
  return {
    id: state.id,
    ...state.profile,
    enabled: state.enabled,
    connection: {
      ...connection,
      policySequence: undefined,
      connectedAt: timeOrNull(connection.connectedAt),
      disconnectedAt: timeOrNull(connection.disconnectedAt),
    },
    lastAcceptedAt: timeOrNull(state.lastAcceptedAt),
    lastRejectedAt: timeOrNull(state.lastRejectedAt),
    rejectedMessages: state.rejected,
    registeredAt: formatRfc3339(state.registeredAt),
    updatedAt: formatRfc3339(state.updatedAt),
    revision: state.revision,
  };
}

/** What is told of a device beyond its own state, in the words of the schema `Device`. */
export function liveDeviceJson(live: {
  readonly lastMessageAt: number | undefined;
  readonly recentRejections: Recent<Rejection> | undefined;
  readonly refusedConnects: Recent<RefusedConnect> | undefined;
  readonly takenOver: Recent<TakenOver> | undefined;
}): object {
  return {
    lastMessageAt: timeOrNull(live.lastMessageAt ?? null),
    recentRejections: troubleOrNull(live.recentRejections),
    refusedConnects: troubleOrNull(live.refusedConnects),
    takenOver: troubleOrNull(live.takenOver),
  };
}

/** A series with its times as text. */
export function recentJson<T>({ firstAt, lastAt, ...rest }: Recent<T>): object {
  return { ...rest, firstAt: formatRfc3339(firstAt), lastAt: formatRfc3339(lastAt) };
}

/** As `recentJson`, without the device, which is known. */
function troubleOrNull(trouble: Recent<{ readonly device: string }> | undefined): object | null {
  return trouble === undefined ? null : { ...recentJson(trouble), device: undefined };
}

/** A row of the list (schema `DeviceSummary`). */
export function summaryJson(summary: DeviceSummary): object {
  return {
    ...summary,
    connectedAt: timeOrNull(summary.connectedAt),
    disconnectedAt: timeOrNull(summary.disconnectedAt),
    registeredAt: formatRfc3339(summary.registeredAt),
  };
}

function timeOrNull(time: number | null): string | null {
  return time === null ? null : formatRfc3339(time);
}

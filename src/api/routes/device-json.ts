import type { DeviceState } from '../../actors/device/state.js';
import type { DeviceSummary } from '../../actors/kernel/ports.js';
import { formatRfc3339 } from '../rfc3339.js';

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

/** A row of the list (schema `DeviceSummary`). */
export function summaryJson(summary: DeviceSummary): object {
  return { ...summary, registeredAt: formatRfc3339(summary.registeredAt) };
}

function timeOrNull(time: number | null): string | null {
  return time === null ? null : formatRfc3339(time);
}

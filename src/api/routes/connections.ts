import type { ConnectionHistory, ConnectionRecord } from '../../actors/kernel/ports/connection-history.js';
import type { Journal } from '../../actors/kernel/ports/journal.js';
import type { Clock } from '../../actors/kernel/ports/surroundings.js';
import { textParameter, type Handlers } from '../call.js';
import { decodeCursor, encodeCursor, refuseCursor } from '../request/cursor.js';
import { sendPage } from '../request/page.js';
import { missing, Refusal } from '../problem.js';
import { formatRfc3339, parseRfc3339 } from '../request/rfc3339.js';
import { streamOfPath } from './registered-device.js';

export interface ConnectionRouteOptions {
  readonly journal: Pick<Journal, 'readStream'>;
  readonly connections: ConnectionHistory;
  readonly clock: Clock;
}

interface ConnectionParameters {
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
  readonly cursor?: string;
}

const DEFAULT_WINDOW_MS = 7 * 24 * 60 * 60 * 1000;
const PROTOCOLS: Readonly<Record<number, string>> = { 3: 'MQTT 3.1', 4: 'MQTT 3.1.1' };

/** `/devices/{deviceId}/connections`. A deleted device keeps its history. */
export function connectionHandlers({ journal, connections, clock }: ConnectionRouteOptions): Handlers {
  return {
    async listConnections(call) {
      const { from, to, limit, cursor } = call.parameters as ConnectionParameters;
      const { tenant } = call.access;
      const device = textParameter(call, 'deviceId');
      const stream = streamOfPath(call);
      const [first] = await journal.readStream(stream, 1, 1);
      if (first === undefined) throw missing('DEVICE_NOT_FOUND');
      const binding = ['connections', stream, from ?? null, to ?? null];
      const place = cursor === undefined ? undefined : readPlace(decodeCursor(binding, cursor));
      const now = clock.now();
      const end = place?.to ?? (to === undefined ? now : parseRfc3339(to));
      const begin = from === undefined ? end - DEFAULT_WINDOW_MS : parseRfc3339(from);
      if (begin > end) throw new Refusal('PARAMETER_INVALID', 'The parameter from is after to.');
      const wanted = { tenant, device, from: begin, to: end, beforeEpoch: place?.epoch };
      const found = await connections.list({ ...wanted, limit: limit + 1 });
      const items = found.slice(0, limit);
      const last = items.at(-1);
      const next =
        found.length > limit && last !== undefined
          ? encodeCursor(binding, { epoch: last.sessionEpoch, to: end } satisfies Place)
          : null;
      // Before it was registered, and in the future, the device can not be there.
      const since = Math.max(begin, first.recordedAt);
      const until = Math.min(end, now);
      const connectedMs = until > since ? await connections.connectedMs(tenant, device, since, until) : 0;
      sendPage(call, items.map(connectionJson), {
        next,
        availability: {
          from: formatRfc3339(since),
          to: formatRfc3339(Math.max(since, until)),
          connectedSeconds: Math.round(connectedMs / 1000),
          ratio: until > since ? connectedMs / (until - since) : null,
        },
      });
    },
  };
}

interface Place {
  readonly epoch: number;
  /** End of the window: `now` of the first page. */
  readonly to: number;
}

function readPlace(place: unknown): Place {
  const { epoch, to } = (place ?? {}) as Partial<Place>;
  if (!Number.isSafeInteger(epoch) || !Number.isSafeInteger(to)) refuseCursor();
  return { epoch: epoch as number, to: to as number };
}

/** Schema `PastConnection`. */
function connectionJson({ protocolLevel, connectedAt, disconnectedAt, ...rest }: ConnectionRecord): object {
  const { sequence, endedSequence } = rest;
  return {
    ...rest,
    connectedAt: formatRfc3339(connectedAt),
    disconnectedAt: disconnectedAt === null ? null : formatRfc3339(disconnectedAt),
    protocol: PROTOCOLS[protocolLevel] ?? `MQTT level ${protocolLevel}`,
    events: endedSequence === null ? null : endedSequence - sequence - 1,
  };
}

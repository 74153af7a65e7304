import type { Clock } from '../../actors/kernel/ports/surroundings.js';
import type { Aggregate, TimeAxis } from '../../actors/kernel/ports/telemetry-history.js';
import { sendJson, textParameter, type Call, type Handlers } from '../call.js';
import { missing, Refusal } from '../problem.js';
import { formatRfc3339, isRfc3339, parseRfc3339 } from '../request/rfc3339.js';
import { drawChart, skewOf, type ChartSources } from '../telemetry/telemetry-chart.js';
import { streamOfPath } from './registered-device.js';

export interface TelemetryRouteOptions extends ChartSources {
  readonly clock: Clock;
}

interface ChartParameters {
  readonly metrics?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly every?: number;
  readonly aggregate?: readonly Aggregate[];
  readonly time: TimeAxis | 'auto';
}

const DEFAULT_RANGE_MS = 15 * 60_000;
const DEFAULT_AGGREGATES: readonly Aggregate[] = ['avg', 'min', 'max'];

/** `/devices/{deviceId}/telemetry` and `…/latest`. A deleted device keeps its history. */
export function telemetryHandlers(options: TelemetryRouteOptions): Handlers {
  const { clock, journal, telemetry } = options;

  const streamOf = async (call: Call): Promise<string> => {
    const stream = streamOfPath(call);
    const [first] = await journal.readStream(stream, 1, 1);
    if (first === undefined) throw missing('DEVICE_NOT_FOUND');
    return stream;
  };

  return {
    async getTelemetry(call) {
      const { metrics, every, aggregate, time, ...range } = call.parameters as ChartParameters;
      const stream = await streamOf(call);
      const to = range.to === undefined ? clock.now() : readTime(range.to);
      const from = range.from === undefined ? to - DEFAULT_RANGE_MS : readTime(range.from);
      if (from > to) throw new Refusal('PARAMETER_INVALID', 'The parameter from is after to.');
      const device = textParameter(call, 'deviceId');
      const { upTo, ...chart } = await drawChart(options, {
        ...{ tenant: call.access.tenant, device, stream, metrics, from, to, every, time },
        aggregates: aggregate ?? DEFAULT_AGGREGATES,
      });
      const after = `${journal.shardOf(stream)}:${upTo}`;
      sendJson(call, 200, { device, from: formatRfc3339(from), to: formatRfc3339(to), after, ...chart });
    },

    async getLatestTelemetry(call) {
      const stream = await streamOf(call);
      const device = textParameter(call, 'deviceId');
      const points = await telemetry.latest(call.access.tenant, device);
      const shard = journal.shardOf(stream);
      sendJson(call, 200, {
        device,
        after: `${shard}:${telemetry.handled(shard)}`,
        skewMs: skewOf(points),
        items: points.map(({ metric, value, measuredAt, recordedAt, sequence }) => ({
          ...{ metric, value, sequence },
          measuredAt: formatRfc3339(measuredAt),
          recordedAt: formatRfc3339(recordedAt),
        })),
      });
    },
  };
}

/** @param text RFC 3339, or ms since 1970 */
function readTime(text: string): number {
  return isRfc3339(text) ? parseRfc3339(text) : Number(text);
}

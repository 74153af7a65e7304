import { Empty } from '../../components/empty.js';
import { Loaded } from '../../components/loaded.js';
import { Panel } from '../../components/panel.js';
import { Table } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { get, type Schema } from '../../data/client.js';
import { now } from '../../data/clock.js';
import { useResource } from '../../data/resource.js';
import { disconnectWords } from '../../format/events.js';
import { grouped } from '../../format/numbers.js';
import { duration } from '../../format/times.js';
import { availabilityWords } from './availability.js';
import type { Device } from './device-state.js';

type PastConnection = Schema<'PastConnection'>;

const SHOWN = 8;
const EVERY_MS = 30_000;

/** The connections of the last seven days, the newest first, and how much of that time the device was there. */
export function ConnectionsPanel({ device }: { readonly device: Device }) {
  const { sessionEpoch, connected } = device.connection;
  const connections = useResource(
    (signal) =>
      get('/api/v1/devices/{deviceId}/connections', {
        path: { deviceId: device.id },
        query: { limit: SHOWN },
        signal,
      }),
    [device.id, sessionEpoch, connected],
    EVERY_MS,
  );
  const ratio = connections.reading.value.data?.availability.ratio;
  return (
    <Panel
      title="Connections"
      note={typeof ratio === 'number' && availabilityWords(ratio, Date.parse(device.registeredAt), now.value)}
      flush
    >
      <Loaded of={connections}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={sessionEpoch === 0 ? 'Registered, never connected.' : 'No connection in the last 7 days.'} />
          ) : (
            <Table<PastConnection>
              label="Connections"
              rows={items}
              keyOf={(one) => String(one.sessionEpoch)}
              columns={[
                { key: 'epoch', title: 'Session', numeric: true, cell: (one) => <code>{one.sessionEpoch}</code> },
                { key: 'from', title: 'Began', cell: ({ connectedAt }) => <Time at={connectedAt} /> },
                { key: 'for', title: 'Lasted', cell: (one) => <span class="nowrap">{lasted(one)}</span> },
                {
                  key: 'reason',
                  title: 'Ended',
                  cell: ({ disconnectedAt, reason }) =>
                    disconnectedAt === null ? 'still connected' : disconnectWords(reason ?? ''),
                },
                {
                  key: 'events',
                  title: 'Events',
                  numeric: true,
                  cell: ({ events }) => (events === null ? '–' : grouped(events)),
                },
              ]}
            />
          )
        }
      </Loaded>
    </Panel>
  );
}

function lasted({ connectedAt, disconnectedAt }: PastConnection): string {
  const end = disconnectedAt === null ? now.value : Date.parse(disconnectedAt);
  return duration(end - Date.parse(connectedAt));
}

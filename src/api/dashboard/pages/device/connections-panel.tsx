import { Empty } from '../../components/empty.js';
import { Panel } from '../../components/panel.js';
import { Table } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { get } from '../../data/client.js';
import { Loaded } from '../../components/loaded.js';
import { useResource } from '../../data/resource.js';
import type { JournalEvent } from '../../data/live.js';
import { disconnectWords } from '../../format/events.js';
import { now } from '../../data/clock.js';
import { duration } from '../../format/times.js';
import type { Device } from './device-state.js';
import { sessionsOf, type ConnectionSession } from './sessions.js';

const SHOWN = 8;

/** The last sessions, the newest first. */
export function ConnectionsPanel({
  device,
  events,
}: {
  readonly device: Device;
  readonly events: readonly JournalEvent[];
}) {
  const history = useResource(
    (signal) =>
      get('/api/v1/devices/{deviceId}/events', {
        path: { deviceId: device.id },
        query: { types: 'DeviceConnected,DeviceDisconnected', limit: 1000 },
        signal,
      }),
    [device.id],
  );
  return (
    <Panel title="Connections" flush>
      <Loaded of={history}>
        {({ items }) => {
          const sessions = sessionsOf([...items, ...events]).slice(0, SHOWN);
          return sessions.length === 0 ? (
            <Empty title="Registered, never connected." />
          ) : (
            <Table<ConnectionSession>
              label="Connections"
              rows={sessions}
              keyOf={({ epoch }) => String(epoch)}
              columns={[
                { key: 'epoch', title: 'Session', numeric: true, cell: ({ epoch }) => <code>{epoch}</code> },
                { key: 'from', title: 'Began', cell: ({ from }) => <Time at={from} /> },
                {
                  key: 'for',
                  title: 'Lasted',
                  cell: ({ from, to }) => duration((to ?? now.value) - from),
                },
                {
                  key: 'reason',
                  title: 'Ended',
                  cell: ({ to, reason }) => (to === undefined ? 'still connected' : disconnectWords(reason)),
                },
              ]}
            />
          );
        }}
      </Loaded>
    </Panel>
  );
}

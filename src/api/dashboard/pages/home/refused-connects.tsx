import { useSignal } from '@preact/signals';
import { Badge } from '../../components/badge.js';
import { Button } from '../../components/button.js';
import { Panel } from '../../components/panel.js';
import { Table } from '../../components/table.js';
import { Time } from '../../components/time.js';
import type { Resource } from '../../data/resource.js';
import { refusalWords } from '../../format/refusals.js';
import { counted, grouped } from '../../format/numbers.js';
import { ConnectOwnDevice } from '../fleet/connect-own-device.js';
import type { SystemActivity } from '../health/system.js';

type RefusedConnect = SystemActivity['refusedConnects'][number];

/** More would push the page down: a scanner brings hundreds of names. */
const SHOWN = 8;

/** Who was turned away at the door, why, and what to do. Nothing is shown while nobody was. */
export function RefusedConnects({ activity }: { readonly activity: Resource<SystemActivity> }) {
  const registering = useSignal<string | undefined>(undefined);
  const refused = activity.reading.value.data?.refusedConnects ?? [];
  if (refused.length === 0) return null;
  return (
    <Panel
      title="Refused lately"
      note={`${counted(refused.length, 'name')} in 5 min, as the clients gave them`}
      flush
      {...(refused.length > SHOWN && { foot: `${grouped(refused.length - SHOWN)} more` })}
    >
      <Table<RefusedConnect>
        label="Refused lately"
        rows={refused.slice(0, SHOWN)}
        keyOf={({ device }) => device}
        columns={[
          { key: 'device', title: 'Device', cell: (one) => <Name {...one} /> },
          {
            key: 'why',
            title: 'Why',
            wide: true,
            cell: ({ code }) => (
              <span>
                {refusalWords(code)} <span class="faint mono">{code}</span>
              </span>
            ),
          },
          { key: 'address', title: 'From', cell: ({ address }) => <span class="mono">{address}</span> },
          { key: 'count', title: 'Times', numeric: true, cell: ({ count }) => grouped(count) },
          { key: 'last', title: 'Last', cell: ({ lastAt }) => <Time at={lastAt} /> },
          {
            key: 'act',
            title: 'Action',
            untitled: true,
            cell: ({ device, registered }) =>
              registered ? (
                ''
              ) : (
                <span class="row-actions">
                  <Button
                    kind="quiet"
                    label="Register this device"
                    about={device}
                    needs="admin"
                    onPress={() => (registering.value = device)}
                  />
                </span>
              ),
          },
        ]}
      />
      {registering.value !== undefined && (
        <ConnectOwnDevice id={registering.value} onClose={() => (registering.value = undefined)} />
      )}
    </Panel>
  );
}

function Name({ device, registered }: RefusedConnect) {
  return registered ? (
    <a class="mono" href={`/devices/${encodeURIComponent(device)}`}>
      {device}
    </a>
  ) : (
    <span class="foreign">
      <span class="mono">{device}</span> <Badge tone="warn">unknown</Badge>
    </span>
  );
}

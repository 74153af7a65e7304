import { useSignal } from '@preact/signals';
import { Button } from '../../components/button.js';
import { Confirm } from '../../components/confirm.js';
import { Empty } from '../../components/empty.js';
import { Lamp, type LampState } from '../../components/lamp.js';
import { Loaded } from '../../components/loaded.js';
import { Panel } from '../../components/panel.js';
import { Table } from '../../components/table.js';
import { confirmDone } from '../../components/toast.js';
import { get, remove, type Schema } from '../../data/client.js';
import { preferences } from '../../data/preferences.js';
import { useResource, type Resource } from '../../data/resource.js';
import { day } from '../../format/times.js';
import { Fingerprint } from './credentials.js';
import type { Device } from './device-state.js';
import { IssueCertificate } from './issue-certificate.js';

type Certificate = Schema<'Certificate'>;
type Token = Schema<'DeviceToken'>;

const LAMPS: Readonly<Record<Certificate['state'], LampState>> = {
  active: 'online',
  expired: 'offline',
  revoked: 'disabled',
};

/** What the device may prove itself with. */
export function CredentialsPanel(props: {
  readonly device: Device;
  readonly certificates: Resource<{ readonly items: readonly Certificate[] }>;
}) {
  const { device, certificates } = props;
  const path = { deviceId: device.id };
  const tokens = useResource((signal) => get('/api/v1/devices/{deviceId}/tokens', { path, signal }), [device.id]);
  const revoking = useSignal<Certificate | undefined>(undefined);
  const issuing = useSignal(false);
  const revoke = async (certificate: Certificate, reason: string): Promise<void> => {
    await remove('/api/v1/devices/{deviceId}/certificates/{fingerprint}', {
      path: { ...path, fingerprint: certificate.fingerprint },
      body: { reason },
    });
    revoking.value = undefined;
    confirmDone('The certificate is revoked.');
    await certificates.reload();
  };
  return (
    <Panel
      title="Certificates and tokens"
      note={<Button label="Issue" icon="add" needs="admin" onPress={() => (issuing.value = true)} />}
      flush
    >
      <Loaded of={certificates} lines={1}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No certificate yet." />
          ) : (
            <Table<Certificate>
              label="Certificates"
              rows={items}
              keyOf={({ fingerprint }) => fingerprint}
              columns={[
                {
                  key: 'certificate',
                  title: 'Certificate',
                  cell: ({ fingerprint }) => <Fingerprint of={fingerprint} />,
                },
                { key: 'state', title: 'State', cell: ({ state }) => <Lamp state={LAMPS[state]} word={state} /> },
                {
                  key: 'until',
                  title: 'Until',
                  cell: ({ notAfter }) => (
                    <span class="nowrap">{day(Date.parse(notAfter), preferences.value.zone)}</span>
                  ),
                },
                {
                  key: 'act',
                  title: 'Action',
                  untitled: true,
                  cell: (certificate) =>
                    certificate.state === 'active' ? (
                      <Button
                        kind="quiet"
                        label="Revoke"
                        needs="admin"
                        onPress={() => (revoking.value = certificate)}
                      />
                    ) : (
                      ''
                    ),
                },
              ]}
            />
          )
        }
      </Loaded>
      <Loaded of={tokens} lines={1}>
        {({ items }) =>
          items.length === 0 ? null : (
            <Table<Token>
              label="Tokens"
              rows={items}
              keyOf={({ id }) => id}
              columns={[
                { key: 'token', title: 'Token', cell: ({ label, id }) => label ?? <code>{id}</code> },
                { key: 'state', title: 'State', cell: ({ state }) => <Lamp state={LAMPS[state]} word={state} /> },
                {
                  key: 'until',
                  title: 'Until',
                  cell: ({ expiresAt }) =>
                    expiresAt === undefined ? 'no end' : day(Date.parse(expiresAt), preferences.value.zone),
                },
              ]}
            />
          )
        }
      </Loaded>
      {revoking.value && (
        <Confirm
          title="Revoke this certificate"
          act="Revoke"
          typed={revoking.value.fingerprint.slice(0, 8)}
          reason
          onClose={() => (revoking.value = undefined)}
          onConfirm={(reason) => revoke(revoking.value as Certificate, reason)}
        >
          {device.id} is disconnected within a second, and refused from then on. Certificates are never made valid
          again.
        </Confirm>
      )}
      {issuing.value && (
        <IssueCertificate
          device={device.id}
          onClose={() => (issuing.value = false)}
          onIssued={() => void certificates.reload()}
        />
      )}
    </Panel>
  );
}

import { useSignal } from '@preact/signals';
import { Button } from '../../components/button.js';
import { CredentialLamp } from '../../components/credential-lamp.js';
import { Empty } from '../../components/empty.js';
import { Fingerprint, shortFingerprint } from '../../components/fingerprint.js';
import { Loaded } from '../../components/loaded.js';
import { Panel } from '../../components/panel.js';
import { Table } from '../../components/table.js';
import type { Schema } from '../../data/client.js';
import { preferences } from '../../data/preferences.js';
import type { Resource } from '../../data/resource.js';
import { day } from '../../format/times.js';
import { IssueCertificate } from '../certificates/issue-certificate.js';
import { RevokeCertificate } from '../certificates/revoke-certificate.js';
import { RotateCertificate } from '../certificates/rotate-certificate.js';
import type { Device } from './device-state.js';

type Certificate = Schema<'Certificate'>;

/** What the device may prove itself with. */
export function CredentialsPanel(props: {
  readonly device: Device;
  readonly certificates: Resource<{ readonly items: readonly Certificate[] }>;
}) {
  const { device, certificates } = props;
  const acting = useSignal<{ readonly act: 'rotate' | 'revoke'; readonly on: Certificate } | undefined>(undefined);
  const issuing = useSignal(false);
  const close = (): void => void (acting.value = undefined);
  const changed = (): void => void certificates.reload();
  // Icons alone: the panel is narrow.
  const actButton = (act: 'rotate' | 'revoke', word: string, on: Certificate) => (
    <Button
      kind="quiet"
      iconOnly
      icon={act}
      label={`${word} ${shortFingerprint(on.fingerprint)}`}
      needs="admin"
      onPress={() => (acting.value = { act, on })}
    />
  );
  return (
    <Panel
      title="Certificates"
      note={<Button label="Issue" icon="add" needs="admin" onPress={() => (issuing.value = true)} />}
      flush
    >
      <Loaded of={certificates} lines={1}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No certificate yet.">
              <p>
                Issue one here, or run <code>npx fleetlog cert issue {device.id} --generate-key</code>.
              </p>
            </Empty>
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
                { key: 'state', title: 'State', cell: (credential) => <CredentialLamp of={credential} /> },
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
                      <span class="row-actions">
                        {actButton('rotate', 'Rotate', certificate)}
                        {actButton('revoke', 'Revoke', certificate)}
                      </span>
                    ) : (
                      ''
                    ),
                },
              ]}
            />
          )
        }
      </Loaded>
      {acting.value?.act === 'revoke' && (
        <RevokeCertificate
          device={device.id}
          fingerprint={acting.value.on.fingerprint}
          onRevoked={changed}
          onClose={close}
        />
      )}
      {acting.value?.act === 'rotate' && (
        <RotateCertificate device={device.id} first={acting.value.on} onChanged={changed} onClose={close} />
      )}
      {issuing.value && (
        <IssueCertificate device={device.id} onClose={() => (issuing.value = false)} onIssued={changed} />
      )}
    </Panel>
  );
}

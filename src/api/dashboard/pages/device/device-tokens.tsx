import { useSignal } from '@preact/signals';
import { faultAt, useAttempt } from '../../components/attempt.js';
import { Button } from '../../components/button.js';
import { Confirm } from '../../components/confirm.js';
import { CredentialLamp } from '../../components/credential-lamp.js';
import { Field } from '../../components/field.js';
import { FormDialog } from '../../components/form-dialog.js';
import { Loaded } from '../../components/loaded.js';
import { Panel } from '../../components/panel.js';
import { Empty } from '../../components/empty.js';
import { Secret } from '../../components/secret.js';
import { Table } from '../../components/table.js';
import { confirmDone } from '../../components/toast.js';
import { get, post, remove, type Schema } from '../../data/client.js';
import { preferences } from '../../data/preferences.js';
import { useResource } from '../../data/resource.js';
import { day } from '../../format/times.js';

type Token = Schema<'DeviceToken'>;

/** Passwords of the device, for listeners without mutual TLS. */
export function DeviceTokens({ device }: { readonly device: string }) {
  const path = { deviceId: device };
  const tokens = useResource((signal) => get('/api/v1/devices/{deviceId}/tokens', { path, signal }), [device]);
  const creating = useSignal(false);
  const issued = useSignal<string | undefined>(undefined);
  const revoking = useSignal<Token | undefined>(undefined);
  const revoke = async ({ id }: Token, reason: string): Promise<void> => {
    await remove('/api/v1/devices/{deviceId}/tokens/{tokenId}', { path: { ...path, tokenId: id }, body: { reason } });
    revoking.value = undefined;
    confirmDone('The token is revoked.');
    await tokens.reload();
  };
  return (
    <Panel
      title="Tokens"
      note={<Button label="Create" about="a token" icon="add" needs="admin" onPress={() => (creating.value = true)} />}
      flush
    >
      <Loaded of={tokens} lines={1}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No token. A device with a certificate needs none." />
          ) : (
            <Table<Token>
              label="Tokens"
              rows={items}
              keyOf={({ id }) => id}
              columns={[
                { key: 'token', title: 'Token', cell: (token) => <span class="foreign">{nameOf(token)}</span> },
                { key: 'state', title: 'State', cell: (token) => <CredentialLamp of={token} /> },
                {
                  key: 'until',
                  title: 'Until',
                  cell: ({ expiresAt }) =>
                    expiresAt === undefined ? 'no end' : day(Date.parse(expiresAt), preferences.value.zone),
                },
                {
                  key: 'act',
                  title: 'Action',
                  untitled: true,
                  cell: (token) =>
                    token.state === 'active' && (
                      <span class="row-actions">
                        <Button
                          kind="quiet"
                          label="Revoke"
                          about={nameOf(token)}
                          needs="admin"
                          onPress={() => (revoking.value = token)}
                        />
                      </span>
                    ),
                },
              ]}
            />
          )
        }
      </Loaded>
      {creating.value && (
        <CreateToken
          device={device}
          onClose={() => (creating.value = false)}
          onIssued={({ token }) => {
            creating.value = false;
            issued.value = token;
            void tokens.reload();
          }}
        />
      )}
      {issued.value !== undefined && (
        <Secret title="The token" what="token" text={issued.value} onClose={() => (issued.value = undefined)}>
          <p class="quiet">
            It is the password of <span class="mono">{device}</span> on listeners without mutual TLS; the user name is
            the device id.
          </p>
        </Secret>
      )}
      {revoking.value && (
        <Confirm
          title="Revoke this token"
          act="Revoke"
          typed={nameOf(revoking.value)}
          reason
          onClose={() => (revoking.value = undefined)}
          onConfirm={(reason) => revoke(revoking.value as Token, reason)}
        >
          {device} is disconnected within a second if it uses this token, and refused with it from then on.
        </Confirm>
      )}
    </Panel>
  );
}

const nameOf = ({ label, id }: Token): string => label ?? id;

function CreateToken(props: {
  readonly device: string;
  readonly onIssued: (issued: Schema<'IssuedToken'>) => void;
  readonly onClose: () => void;
}) {
  const label = useSignal('');
  const attempt = useAttempt();
  const create = async (): Promise<void> => {
    const text = label.value.trim();
    const body = text === '' ? {} : { label: text };
    props.onIssued(await post('/api/v1/devices/{deviceId}/tokens', { path: { deviceId: props.device }, body }));
  };
  return (
    <FormDialog
      title={`Token for ${props.device}`}
      act="Create"
      needs="admin"
      attempt={attempt}
      onSubmit={create}
      onClose={props.onClose}
    >
      <Field
        label="Label"
        value={label}
        autoFocus
        placeholder="test bench"
        note="A word to know it by; it may be left out."
        fault={faultAt(attempt.problem.value, '/label')}
      />
    </FormDialog>
  );
}

import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso/router';
import { Button } from '../../components/button.js';
import { ChipFilter } from '../../components/chip-filter.js';
import { Confirm } from '../../components/confirm.js';
import { CredentialLamp, TOKEN_STATES } from '../../components/credential-lamp.js';
import { Empty } from '../../components/empty.js';
import { Loaded } from '../../components/loaded.js';
import { Secret } from '../../components/secret.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { confirmDone } from '../../components/toast.js';
import { get, remove, type Schema } from '../../data/client.js';
import { useResource } from '../../data/resource.js';
import { grouped } from '../../format/numbers.js';
import { withQuery } from '../../frame/query.js';
import { CreateToken } from './create-token.js';
import { Only, SettingsFrame } from './settings-frame.js';

type Token = Schema<'ApiToken'>;

/** Keys of programs to the REST interface. */
export function TokensPage() {
  const creating = useSignal(false);
  const issued = useSignal<Schema<'IssuedToken'> | undefined>(undefined);
  const changed = useSignal(0);
  return (
    <SettingsFrame
      title="Tokens"
      lead="Keys of programs to the REST interface. Devices have tokens of their own, on their pages."
      actions={
        <Button kind="primary" icon="add" label="New token" needs="admin" onPress={() => (creating.value = true)} />
      }
    >
      <Only role="admin" what="Tokens">
        <TokenList changed={changed.value} />
      </Only>
      {creating.value && (
        <CreateToken
          onClose={() => (creating.value = false)}
          onIssued={(token) => {
            creating.value = false;
            changed.value++;
            issued.value = token;
          }}
        />
      )}
      {issued.value && (
        <Secret
          title={`Token ${issued.value.label ?? issued.value.id}`}
          what="token"
          text={issued.value.token}
          onClose={() => (issued.value = undefined)}
        >
          <p class="quiet">
            It goes into the header <code>Authorization: Bearer …</code>, never into an address.
          </p>
        </Secret>
      )}
    </SettingsFrame>
  );
}

const COLUMNS: readonly Column<Token>[] = [
  { key: 'label', title: 'Label', cell: ({ label, id }) => label ?? <code>{id}</code> },
  { key: 'role', title: 'Role', cell: ({ role }) => role },
  { key: 'state', title: 'State', cell: (token) => <CredentialLamp of={token} /> },
  { key: 'by', title: 'Created by', cell: ({ createdBy }) => createdBy },
  {
    key: 'used',
    title: 'Last used',
    cell: ({ lastUsedAt }) => (lastUsedAt === null ? <span class="faint">never</span> : <Time at={lastUsedAt} />),
  },
  { key: 'until', title: 'Expires', cell: ({ expiresAt }) => <Time at={expiresAt} /> },
];

function TokenList({ changed }: { readonly changed: number }) {
  const { query, route } = useLocation();
  const tokens = useResource((signal) => get('/api/v1/tokens', { signal }), [changed]);
  const revoking = useSignal<Token | undefined>(undefined);
  const { state } = query;
  const act: Column<Token> = {
    key: 'act',
    title: 'Action',
    untitled: true,
    cell: (token) =>
      token.state === 'active' ? (
        <span class="row-actions">
          <Button
            kind="quiet"
            label="Revoke"
            about={nameOf(token)}
            needs="admin"
            onPress={() => (revoking.value = token)}
          />
        </span>
      ) : (
        ''
      ),
  };
  const revoke = async (token: Token, reason: string): Promise<void> => {
    await remove('/api/v1/tokens/{tokenId}', { path: { tokenId: token.id }, body: { reason } });
    revoking.value = undefined;
    confirmDone(`The token ${nameOf(token)} is revoked.`);
    await tokens.reload();
  };
  return (
    <section class="panel" aria-label="Tokens">
      <Loaded of={tokens}>
        {({ items }) => {
          const shown = items.filter((token) => state === undefined || token.state === state).toReversed();
          return (
            <>
              <div class="toolbar">
                <ChipFilter
                  label="State"
                  options={TOKEN_STATES.map((value) => ({
                    value,
                    word: value,
                    count: grouped(items.filter((token) => token.state === value).length),
                  }))}
                  chosen={state === undefined ? [] : [state]}
                  onChange={(chosen) => route(withQuery({ state: chosen.at(-1) }), true)}
                />
              </div>
              <div class="panel-flush">
                {shown.length > 0 ? (
                  <Table<Token> label="Tokens" columns={[...COLUMNS, act]} rows={shown} keyOf={({ id }) => id} />
                ) : (
                  <NoTokens filtered={items.length > 0} />
                )}
              </div>
            </>
          );
        }}
      </Loaded>
      {revoking.value && (
        <Confirm
          title={`Revoke ${nameOf(revoking.value)}`}
          act="Revoke"
          typed={revoking.value.id.slice(0, 6)}
          reason
          onClose={() => (revoking.value = undefined)}
          onConfirm={(reason) => revoke(revoking.value as Token, reason)}
        >
          Whoever uses it is refused from then on, and its event streams end. A token is never made valid again.
        </Confirm>
      )}
    </section>
  );
}

function nameOf({ label, id }: Token): string {
  return label ?? id;
}

function NoTokens({ filtered }: { readonly filtered: boolean }) {
  return filtered ? (
    <Empty title="Nothing matches.">
      <a href="/settings/tokens">Clear filters</a>
    </Empty>
  ) : (
    <Empty title="No token yet.">
      <p>
        Create one for a program that reads events, or run <code>npx fleetlog token issue --role viewer</code>.
      </p>
    </Empty>
  );
}

import { useSignal } from '@preact/signals';
import { Badge } from '../../components/badge.js';
import { Button } from '../../components/button.js';
import { Confirm } from '../../components/confirm.js';
import { Lamp } from '../../components/lamp.js';
import { Loaded } from '../../components/loaded.js';
import { Secret } from '../../components/secret.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { confirmDone } from '../../components/toast.js';
import { etagOf, get, remove } from '../../data/client.js';
import { useResource } from '../../data/resource.js';
import { session } from '../../data/session.js';
import { ChangeRole } from './change-role.js';
import { CreateUser } from './create-user.js';
import { ResetPassword } from './reset-password.js';
import { Only, SettingsFrame } from './settings-frame.js';
import { SwitchUser } from './switch-user.js';
import type { GivenPassword, User } from './users.js';

type Act = 'role' | 'password' | 'switch' | 'delete';

/** Who may sign in, and as what. */
export function UsersPage() {
  const creating = useSignal(false);
  const changed = useSignal(0);
  const given = useSignal<GivenPassword | undefined>(undefined);
  return (
    <SettingsFrame
      title="Users"
      lead="Who may sign in: viewers see, operators act on devices, admins decide who may what."
      actions={
        <Button kind="primary" icon="add" label="New user" needs="admin" onPress={() => (creating.value = true)} />
      }
    >
      <Only role="admin" what="Users">
        <UserList changed={changed.value} onGiven={(password) => (given.value = password)} />
      </Only>
      {creating.value && (
        <CreateUser
          onClose={() => (creating.value = false)}
          onCreated={(password) => {
            creating.value = false;
            changed.value++;
            given.value = password;
          }}
        />
      )}
      {given.value && (
        <Secret
          title={`Password of ${given.value.name}`}
          what="password"
          text={given.value.password}
          onClose={() => (given.value = undefined)}
        >
          <p class="quiet">
            Give it to {given.value.name} by a way that you trust. They should change it under Settings, Sessions.
          </p>
        </Secret>
      )}
    </SettingsFrame>
  );
}

function UserList(props: { readonly changed: number; readonly onGiven: (password: GivenPassword) => void }) {
  const users = useResource((signal) => get('/api/v1/users', { signal }), [props.changed]);
  const acting = useSignal<{ readonly act: Act; readonly user: User } | undefined>(undefined);
  const close = (): void => void (acting.value = undefined);
  const done = async (words: string): Promise<void> => {
    close();
    confirmDone(words);
    await users.reload();
  };
  const actButton = (act: Act, label: string, user: User) => (
    <Button kind="quiet" label={label} about={user.name} needs="admin" onPress={() => (acting.value = { act, user })} />
  );
  const columns: readonly Column<User>[] = [
    {
      key: 'name',
      title: 'Name',
      cell: ({ name }) => (
        <span class="page-actions">
          <strong>{name}</strong>
          {name === ownName() && <Badge tone="accent">you</Badge>}
        </span>
      ),
    },
    { key: 'role', title: 'Role', cell: ({ role }) => role },
    {
      key: 'state',
      title: 'State',
      wide: true,
      cell: ({ enabled, disabledAt }) => (
        <span class="nowrap">
          <Lamp state={enabled ? 'online' : 'disabled'} word={enabled ? 'enabled' : 'disabled'} />{' '}
          {disabledAt !== null && (
            <span class="faint">
              <Time at={disabledAt} />
            </span>
          )}
        </span>
      ),
    },
    { key: 'since', title: 'Since', cell: ({ registeredAt }) => <Time at={registeredAt} /> },
    { key: 'password', title: 'Password set', cell: ({ passwordChangedAt }) => <Time at={passwordChangedAt} /> },
    {
      key: 'act',
      title: 'Actions',
      untitled: true,
      cell: (user) => (
        <span class="row-actions">
          {actButton('role', 'Change role', user)}
          {actButton('password', 'Reset password', user)}
          {actButton('switch', user.enabled ? 'Disable' : 'Enable', user)}
          {actButton('delete', 'Delete', user)}
        </span>
      ),
    },
  ];
  const { act, user } = acting.value ?? {};
  return (
    <section class="panel" aria-label="Users">
      <Loaded of={users}>
        {({ items }) => <Table<User> label="Users" columns={columns} rows={items} keyOf={({ name }) => name} />}
      </Loaded>
      {user && act === 'role' && (
        <ChangeRole
          user={user}
          own={user.name === ownName()}
          onClose={close}
          onDone={() => done('The role is changed.')}
        />
      )}
      {user && act === 'password' && (
        <ResetPassword
          user={user}
          onClose={close}
          onReset={(password) => {
            close();
            props.onGiven({ name: user.name, password });
            void users.reload();
          }}
        />
      )}
      {user && act === 'switch' && (
        <SwitchUser
          user={user}
          onClose={close}
          onDone={() => done(`${user.name} is ${user.enabled ? 'disabled' : 'enabled'}.`)}
        />
      )}
      {user && act === 'delete' && (
        <Confirm
          title={`Delete ${user.name}`}
          act="Delete"
          typed={user.name}
          onClose={close}
          onConfirm={async () => {
            const headers = { 'If-Match': etagOf(user.revision) };
            await remove('/api/v1/users/{userName}', { path: { userName: user.name }, headers });
            await done(`${user.name} is deleted.`);
          }}
        >
          {user.name} is signed out everywhere and can not sign in again. What they did stays in the audit.
        </Confirm>
      )}
    </section>
  );
}

function ownName(): string | undefined {
  return 'session' in session.value ? session.value.session.user.name : undefined;
}

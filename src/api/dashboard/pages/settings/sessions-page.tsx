import { useSignal } from '@preact/signals';
import { useAttempt } from '../../components/attempt.js';
import { Badge } from '../../components/badge.js';
import { Button } from '../../components/button.js';
import { FormDialog } from '../../components/form-dialog.js';
import { Loaded } from '../../components/loaded.js';
import { Panel } from '../../components/panel.js';
import { ProblemNote } from '../../components/problem-note.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { confirmDone } from '../../components/toast.js';
import { get, remove, type Schema } from '../../data/client.js';
import { useResource } from '../../data/resource.js';
import { may, session, signOut } from '../../data/session.js';
import { browserName } from '../../format/browsers.js';
import { counted } from '../../format/numbers.js';
import { ChangePassword } from './change-password.js';
import { SettingsFrame } from './settings-frame.js';

type Session = Schema<'Session'>;

const EVERY_MS = 10_000;

const COLUMNS: readonly Column<Session>[] = [
  {
    key: 'user',
    title: 'User',
    cell: ({ user, current }) => (
      <span class="page-actions">
        <strong>{user.name}</strong>
        {current && <Badge tone="accent">this browser</Badge>}
      </span>
    ),
  },
  { key: 'role', title: 'Role', cell: ({ user }) => user.role },
  {
    key: 'browser',
    title: 'Browser',
    cell: ({ userAgent }) => (
      <span class="foreign" title={userAgent ?? undefined}>
        {browserName(userAgent)}
      </span>
    ),
  },
  { key: 'address', title: 'Address', cell: ({ address }) => <code>{address ?? '–'}</code> },
  { key: 'began', title: 'Began', cell: ({ startedAt }) => <Time at={startedAt} /> },
  { key: 'used', title: 'Last used', cell: ({ lastUsedAt }) => <Time at={lastUsedAt} /> },
  { key: 'ends', title: 'Ends', cell: ({ expiresAt }) => <Time at={expiresAt} /> },
];

/** Where people are signed in: an admin sees everybody's sessions, others their own. */
export function SessionsPage() {
  const sessions = useResource((signal) => get('/api/v1/sessions', { signal }), [], EVERY_MS);
  const changing = useSignal(false);
  const ending = useSignal(false);
  const attempt = useAttempt();
  const endingAll = useAttempt();
  const others = sessions.reading.value.data?.items.filter((entry) => !entry.current && isOwn(entry)) ?? [];
  const end = async (given: readonly Session[]): Promise<void> => {
    for (const { id } of given) await remove('/api/v1/sessions/{sessionId}', { path: { sessionId: id } });
    confirmDone(`${counted(given.length, 'session')} ended.`);
    ending.value = false;
    await sessions.reload();
  };
  const act: Column<Session> = {
    key: 'act',
    title: 'Action',
    untitled: true,
    cell: (entry) => (
      <span class="row-actions">
        {entry.current ? (
          <Button kind="quiet" label="Sign out" onPress={() => void attempt.run(signOut)} />
        ) : (
          <Button
            kind="quiet"
            label="End"
            about={`session of ${entry.user.name}`}
            onPress={() => void attempt.run(() => end([entry]))}
          />
        )}
      </span>
    ),
  };
  return (
    <SettingsFrame
      title="Sessions"
      lead="A session ends after eight hours without use, and after a week in any case."
      actions={
        <>
          <Button label="End my other sessions" disabled={others.length === 0} onPress={() => (ending.value = true)} />
          <Button kind="primary" icon="key" label="Change my password" onPress={() => (changing.value = true)} />
        </>
      }
    >
      <Panel title={may('admin') ? 'Everybody’s sessions' : 'Your sessions'} flush>
        {attempt.problem.value && <ProblemNote problem={attempt.problem.value} />}
        <Loaded of={sessions}>
          {({ items }) => (
            <Table<Session>
              label="Sessions"
              columns={[...COLUMNS, act]}
              rows={items.toReversed()}
              keyOf={({ id }) => id}
            />
          )}
        </Loaded>
      </Panel>
      {changing.value && (
        <ChangePassword onClose={() => (changing.value = false)} onChanged={() => void sessions.reload()} />
      )}
      {ending.value && (
        <FormDialog
          title="End your other sessions"
          act={`End ${counted(others.length, 'session')}`}
          danger
          attempt={endingAll}
          onSubmit={() => end(others)}
          onClose={() => (ending.value = false)}
        >
          <p>You stay signed in here. Everywhere else your pages ask for the password; what was typed there stays.</p>
        </FormDialog>
      )}
    </SettingsFrame>
  );
}

function isOwn(entry: Session): boolean {
  return 'session' in session.value && entry.user.name === session.value.session.user.name;
}

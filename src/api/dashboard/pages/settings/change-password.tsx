import { useSignal } from '@preact/signals';
import { faultAt, useAttempt } from '../../components/attempt.js';
import { Field } from '../../components/field.js';
import { FormDialog } from '../../components/form-dialog.js';
import { confirmDone } from '../../components/toast.js';
import { changePassword, session } from '../../data/session.js';

const SHORTEST = 10;

/** One's own password. All sessions end but the one that this browser gets for it. */
export function ChangePassword(props: { readonly onChanged: () => void; readonly onClose: () => void }) {
  const current = useSignal('');
  const next = useSignal('');
  const attempt = useAttempt();
  const problem = attempt.problem.value;
  const name = 'session' in session.value ? session.value.session.user.name : '';
  const change = async (): Promise<void> => {
    await changePassword(current.value, next.value);
    confirmDone('Your password is changed; your other sessions have ended.');
    props.onChanged();
    props.onClose();
  };
  return (
    <FormDialog
      title="Change your password"
      act="Change"
      ready={current.value !== '' && next.value.length >= SHORTEST}
      attempt={attempt}
      onSubmit={change}
      onClose={props.onClose}
    >
      {/* Password managers want to know whose it is. */}
      <input
        class="spoken"
        type="text"
        autoComplete="username"
        value={name}
        readOnly
        tabIndex={-1}
        aria-hidden="true"
      />
      <Field
        label="Your password now"
        type="password"
        value={current}
        autoComplete="current-password"
        autoFocus
        fault={faultAt(problem, '/currentPassword')}
      />
      <Field
        label="New password"
        type="password"
        value={next}
        autoComplete="new-password"
        note="Ten characters at least; a sentence is easier to keep than a riddle."
        fault={faultAt(problem, '/newPassword')}
      />
      <p class="quiet">You are signed out everywhere else.</p>
    </FormDialog>
  );
}

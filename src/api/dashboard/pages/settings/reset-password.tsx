import { useAttempt } from '../../components/attempt.js';
import { FormDialog } from '../../components/form-dialog.js';
import { patch } from '../../data/client.js';
import { newPassword, type User } from './users.js';

/** For somebody who has forgotten theirs: a new one is made here and shown once. */
export function ResetPassword(props: {
  readonly user: User;
  readonly onReset: (password: string) => void;
  readonly onClose: () => void;
}) {
  const { user, onReset, onClose } = props;
  const attempt = useAttempt();
  const reset = async (): Promise<void> => {
    const { name: userName, revision } = user;
    const password = newPassword();
    await patch('/api/v1/users/{userName}', { path: { userName }, body: { password }, revision });
    onReset(password);
  };
  return (
    <FormDialog
      title={`Reset the password of ${user.name}`}
      act="Reset password"
      danger
      needs="admin"
      attempt={attempt}
      onSubmit={reset}
      onClose={onClose}
    >
      <p>
        {user.name} is signed out everywhere; the old password counts no more. The new one is made now, and shown once.
      </p>
    </FormDialog>
  );
}

import { useAttempt } from '../../components/attempt.js';
import { FormDialog } from '../../components/form-dialog.js';
import { newPassword, useUserChange, type User } from './users.js';

/** For somebody who has forgotten theirs: a new one is made here and shown once. */
export function ResetPassword(props: {
  readonly user: User;
  readonly onReset: (password: string) => void;
  readonly onClose: () => void;
}) {
  const { user, onReset, onClose } = props;
  const attempt = useAttempt();
  const changeUser = useUserChange(user);
  const reset = async (): Promise<void> => {
    const password = newPassword();
    await changeUser({ password });
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

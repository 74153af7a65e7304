import { useAttempt } from '../../components/attempt.js';
import { FormDialog } from '../../components/form-dialog.js';
import { useUserChange, type User } from './users.js';

/** Disables a user who may sign in, and enables one who may not. Refused when somebody else has changed the user meanwhile. */
export function SwitchUser(props: {
  readonly user: User;
  readonly onDone: () => Promise<void>;
  readonly onClose: () => void;
}) {
  const { user, onDone, onClose } = props;
  const { name, enabled } = user;
  const attempt = useAttempt();
  const changeUser = useUserChange(user);
  return (
    <FormDialog
      title={`${enabled ? 'Disable' : 'Enable'} ${name}`}
      act={enabled ? 'Disable' : 'Enable'}
      danger={enabled}
      needs="admin"
      attempt={attempt}
      onSubmit={async () => {
        await changeUser({ enabled: !enabled });
        await onDone();
      }}
      onClose={onClose}
    >
      <p>
        {enabled
          ? `${name} is signed out everywhere and can not sign in until enabled again. The API tokens that ${name} has made are revoked for good.`
          : `${name} can sign in again, with the password and the role from before. Revoked API tokens stay revoked.`}
      </p>
    </FormDialog>
  );
}

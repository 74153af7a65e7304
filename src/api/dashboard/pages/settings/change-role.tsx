import { useSignal } from '@preact/signals';
import { useAttempt } from '../../components/attempt.js';
import { FormDialog } from '../../components/form-dialog.js';
import type { Role } from '../../data/session.js';
import { RoleChoice } from './role-choice.js';
import { useUserChange, type User } from './users.js';

/** Refused when somebody else has changed the user since this page read it. */
export function ChangeRole(props: {
  readonly user: User;
  /** Whether one's own role is about to change. */
  readonly own: boolean;
  readonly onDone: () => Promise<void>;
  readonly onClose: () => void;
}) {
  const { user, own, onDone, onClose } = props;
  const role = useSignal<Role>(user.role);
  const attempt = useAttempt();
  const changeUser = useUserChange(user);
  const change = async (): Promise<void> => {
    await changeUser({ role: role.value });
    await onDone();
  };
  return (
    <FormDialog
      title={`Role of ${user.name}`}
      act="Change role"
      needs="admin"
      ready={role.value !== user.role}
      attempt={attempt}
      onSubmit={change}
      onClose={onClose}
    >
      <RoleChoice role={role} />
      <p class="quiet">
        {own
          ? 'You are signed out everywhere, here too.'
          : `${user.name} is signed out everywhere, and signs in again.`}
      </p>
    </FormDialog>
  );
}

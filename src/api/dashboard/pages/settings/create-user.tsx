import { useSignal } from '@preact/signals';
import { faultAt, useAttempt } from '../../components/attempt.js';
import { Field } from '../../components/field.js';
import { FormDialog } from '../../components/form-dialog.js';
import { post } from '../../data/client.js';
import type { Role } from '../../data/session.js';
import { RoleChoice } from './role-choice.js';
import { newPassword, type GivenPassword } from './users.js';

/** Names a person and gives them a role; the password is made here and shown once. */
export function CreateUser(props: {
  readonly onCreated: (given: GivenPassword) => void;
  readonly onClose: () => void;
}) {
  const name = useSignal('');
  const role = useSignal<Role>('viewer');
  const attempt = useAttempt();
  const create = async (): Promise<void> => {
    const given = { name: name.value, password: newPassword() };
    await post('/api/v1/users', { body: { ...given, role: role.value } });
    props.onCreated(given);
  };
  return (
    <FormDialog
      title="New user"
      act="Create"
      needs="admin"
      ready={name.value !== ''}
      attempt={attempt}
      onSubmit={create}
      onClose={props.onClose}
    >
      <Field
        label="Name"
        value={name}
        autoFocus
        placeholder="ann"
        note="Lower case letters, digits and _ . @ + -; an address of e-mail will do."
        fault={faultAt(attempt.problem.value, '/name')}
      />
      <RoleChoice role={role} />
      <p class="quiet">A first password is made, and shown once after this.</p>
    </FormDialog>
  );
}

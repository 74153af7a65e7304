import { useSignal } from '@preact/signals';
import { faultAt, useAttempt } from '../../components/attempt.js';
import { Field } from '../../components/field.js';
import { FormDialog } from '../../components/form-dialog.js';
import { Select } from '../../components/select.js';
import { post, type Schema } from '../../data/client.js';
import type { Role } from '../../data/session.js';
import { RoleChoice } from './role-choice.js';

const DAY_MS = 24 * 60 * 60 * 1000;
/** The server's longest life less a minute, so that a clock that is a little ahead asks for no more than it may. */
const YEAR_MS = 365 * DAY_MS - 60_000;
const LIVES = [
  { value: '7', word: '7 days', ms: 7 * DAY_MS },
  { value: '30', word: '30 days', ms: 30 * DAY_MS },
  { value: '90', word: '90 days', ms: 90 * DAY_MS },
  { value: '365', word: '365 days', ms: YEAR_MS },
] as const;
type Life = (typeof LIVES)[number]['value'];

/** A role, a word to know it by, and an end. */
export function CreateToken(props: {
  readonly onIssued: (issued: Schema<'IssuedToken'>) => void;
  readonly onClose: () => void;
}) {
  const label = useSignal('');
  const role = useSignal<Role>('viewer');
  const life = useSignal<Life>('90');
  const attempt = useAttempt();
  const create = async (): Promise<void> => {
    const ms = LIVES.find(({ value }) => value === life.value)?.ms ?? YEAR_MS;
    const expiresAt = new Date(Date.now() + ms).toISOString();
    props.onIssued(await post('/api/v1/tokens', { body: { label: label.value.trim(), role: role.value, expiresAt } }));
  };
  return (
    <FormDialog
      title="New token"
      act="Create"
      needs="admin"
      ready={label.value.trim() !== ''}
      attempt={attempt}
      onSubmit={create}
      onClose={props.onClose}
    >
      <Field
        label="Label"
        value={label}
        autoFocus
        placeholder="weekly report"
        note="What uses it: one token for each program, so that each can be revoked alone."
        fault={faultAt(attempt.problem.value, '/label')}
      />
      <RoleChoice role={role} />
      <Select<Life> label="Expires in" options={LIVES} value={life.value} onChange={(value) => (life.value = value)} />
    </FormDialog>
  );
}

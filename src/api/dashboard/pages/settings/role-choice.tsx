import type { Signal } from '@preact/signals';
import { Segmented } from '../../components/segmented.js';
import type { Role } from '../../data/session.js';

const ROLES: readonly { readonly value: Role; readonly word: string; readonly may: string }[] = [
  { value: 'viewer', word: 'viewer', may: 'Reads everything but users, tokens and the audit; changes nothing.' },
  {
    value: 'operator',
    word: 'operator',
    may: 'A viewer who also runs the platform: verifies the relay, and acts on devices.',
  },
  {
    value: 'admin',
    word: 'admin',
    may: 'Registers devices, issues and revokes certificates, and decides who may what.',
  },
];

/** One of the three roles, with what it may do. */
export function RoleChoice({ role }: { readonly role: Signal<Role> }) {
  return (
    <div class="field">
      <span class="field-label">Role</span>
      <Segmented<Role> label="Role" options={ROLES} value={role.value} onChange={(value) => (role.value = value)} />
      <p class="field-note">{ROLES.find(({ value }) => value === role.value)?.may}</p>
    </div>
  );
}

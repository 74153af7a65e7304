import type { DeleteUser, RegisterUser, UpdateUser } from './commands.js';
import type { TenantEvent } from './events.js';
import { refuse, type TenantDecision } from './refusals.js';
import type { TenantState, UserEntry } from './state.js';
import { revokeTokensOf } from './token-decisions.js';

export function registerUser({ name, role, verifierSha256 }: RegisterUser, state: TenantState): TenantDecision {
  if (state.users.has(name)) return refuse('USER_EXISTS', 'A user with this name exists.');
  return { events: [{ type: 'UserRegistered', data: { name, role, verifierSha256 } }] };
}

export function updateUser(command: UpdateUser, state: TenantState): TenantDecision {
  const { name, role, enabled, verifierSha256, expectedVerifierSha256, ifRevision } = command;
  const user = state.users.get(name);
  if (user === undefined) return unknownUser();
  if (ifRevision !== undefined && ifRevision !== user.revision) return revisionConflict(user);
  if (expectedVerifierSha256 !== undefined && expectedVerifierSha256 !== user.verifierSha256) {
    return refuse('VERSION_CONFLICT', 'The password has been changed meanwhile.');
  }
  const events: TenantEvent[] = [];
  if (role !== undefined && role !== user.role) {
    if (isLastAdmin(user, state)) return keepsLastAdmin();
    events.push({ type: 'UserRoleChanged', data: { name, from: user.role, to: role } });
  }
  if (verifierSha256 !== undefined && verifierSha256 !== user.verifierSha256) {
    events.push({ type: 'UserPasswordChanged', data: { name, verifierSha256 } });
  }
  if (enabled === true && user.disabledAt !== undefined) events.push({ type: 'UserEnabled', data: { name } });
  if (enabled === false && user.disabledAt === undefined) {
    if (isLastAdmin(user, state)) return keepsLastAdmin();
    events.push({ type: 'UserDisabled', data: { name } }, ...revokeTokensOf(name, 'USER_DISABLED', state));
  }
  return { events };
}

export function deleteUser({ name, ifRevision }: DeleteUser, state: TenantState): TenantDecision {
  const user = state.users.get(name);
  if (user === undefined) return unknownUser();
  if (ifRevision !== undefined && ifRevision !== user.revision) return revisionConflict(user);
  if (isLastAdmin(user, state)) return keepsLastAdmin();
  return { events: [{ type: 'UserDeleted', data: { name } }, ...revokeTokensOf(name, 'USER_DELETED', state)] };
}

function unknownUser(): TenantDecision {
  return refuse('USER_NOT_FOUND', 'The tenant has no such user.');
}

function revisionConflict({ revision }: UserEntry): TenantDecision {
  return refuse('VERSION_CONFLICT', `The user is at revision ${revision}.`);
}

function keepsLastAdmin(): TenantDecision {
  return refuse(
    'LAST_ADMIN',
    'The last admin who may sign in can neither be disabled or deleted nor get a lower role.',
  );
}

/** Whether nobody else could let people in. */
function isLastAdmin(user: UserEntry, state: TenantState): boolean {
  const mayAdminister = ({ role, disabledAt }: UserEntry): boolean => role === 'admin' && disabledAt === undefined;
  return mayAdminister(user) && [...state.users.values()].filter(mayAdminister).length === 1;
}

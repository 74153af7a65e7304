import type { DeleteUser, RegisterUser, UpdateUser } from './commands.js';
import type { TenantEvent } from './events.js';
import { refuse, type TenantDecision } from './refusals.js';
import type { TenantState, UserEntry } from './state.js';

export function registerUser({ name, role, verifierSha256 }: RegisterUser, state: TenantState): TenantDecision {
  if (state.users.has(name)) return refuse('USER_EXISTS', 'A user with this name exists.');
  return { events: [{ type: 'UserRegistered', data: { name, role, verifierSha256 } }] };
}

export function updateUser(command: UpdateUser, state: TenantState): TenantDecision {
  const { name, role, verifierSha256, expectedVerifierSha256, ifRevision } = command;
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
  return { events };
}

export function deleteUser({ name, ifRevision }: DeleteUser, state: TenantState): TenantDecision {
  const user = state.users.get(name);
  if (user === undefined) return unknownUser();
  if (ifRevision !== undefined && ifRevision !== user.revision) return revisionConflict(user);
  if (isLastAdmin(user, state)) return keepsLastAdmin();
  return { events: [{ type: 'UserDeleted', data: { name } }] };
}

function unknownUser(): TenantDecision {
  return refuse('USER_NOT_FOUND', 'The tenant has no such user.');
}

function revisionConflict({ revision }: UserEntry): TenantDecision {
  return refuse('VERSION_CONFLICT', `The user is at revision ${revision}.`);
}

function keepsLastAdmin(): TenantDecision {
  return refuse('LAST_ADMIN', 'The last admin can neither be deleted nor get a lower role.');
}

function isLastAdmin(user: UserEntry, state: TenantState): boolean {
  if (user.role !== 'admin') return false;
  return [...state.users.values()].filter(({ role }) => role === 'admin').length === 1;
}

import type { EvolveContext } from '../kernel/decider.js';
import type { TenantEvent } from './events.js';
import type { TenantState } from './state.js';

/** Applies an event; changes the given state in place. @throws for what the decider never lets happen */
export function evolveTenant(
  state: TenantState,
  event: TenantEvent,
  { sequence, occurredAt }: EvolveContext,
): TenantState {
  const { tokens, users, sessions } = state;
  switch (event.type) {
    case 'TenantTokenIssued':
      tokens.set(event.data.tokenId, { ...event.data, issuedAt: occurredAt, sequence });
      return state;
    case 'TenantTokenRevoked': {
      const { tokenId, reason } = event.data;
      const entry = known(tokens, tokenId);
      tokens.set(tokenId, { ...entry, revokedAt: occurredAt, revokeReason: reason });
      return state;
    }
    case 'UserRegistered':
      users.set(event.data.name, {
        ...event.data,
        registeredAt: occurredAt,
        passwordChangedAt: occurredAt,
        revision: sequence,
      });
      return state;
    case 'UserPasswordChanged': {
      const { name, verifierSha256 } = event.data;
      users.set(name, { ...known(users, name), verifierSha256, passwordChangedAt: occurredAt, revision: sequence });
      endSessionsOf(name, state);
      return state;
    }
    case 'UserRoleChanged': {
      const { name, to } = event.data;
      users.set(name, { ...known(users, name), role: to, revision: sequence });
      endSessionsOf(name, state);
      return state;
    }
    case 'UserDisabled':
      users.set(event.data.name, { ...known(users, event.data.name), disabledAt: occurredAt, revision: sequence });
      endSessionsOf(event.data.name, state);
      return state;
    case 'UserEnabled':
      users.set(event.data.name, { ...known(users, event.data.name), disabledAt: undefined, revision: sequence });
      return state;
    case 'UserDeleted':
      users.delete(event.data.name);
      endSessionsOf(event.data.name, state);
      return state;
    case 'SessionStarted':
      sessions.set(event.data.sessionId, { ...event.data, startedAt: occurredAt, sequence });
      return state;
    case 'SessionEnded':
      sessions.delete(event.data.sessionId);
      return state;
    case 'PlatformCertificateExpiring':
      state.toldExpiry.set(event.data.fingerprint, event.data.days);
      return state;
    case 'SignInFailed':
      return state;
  }
}

/** SEC-75: no session outlives the password, the role or the permission under which it began. */
function endSessionsOf(name: string, { sessions }: TenantState): void {
  for (const { sessionId, user } of sessions.values()) if (user === name) sessions.delete(sessionId);
}

function known<T>(entries: ReadonlyMap<string, T>, id: string): T {
  const entry = entries.get(id);
  if (entry === undefined) throw new Error(`${id} was changed without having been made`);
  return entry;
}

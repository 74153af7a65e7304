import type { Decider, DecisionContext } from '../kernel/decider.js';
import { expiryDue } from '../kernel/expiry.js';
import { parseStreamKey } from '../kernel/stream-key.js';
import type { TellPlatformExpiry, TenantCommand } from './commands.js';
import type { TenantEvent } from './events.js';
import { evolveTenant } from './evolve.js';
import { refuse, type TenantDecision } from './refusals.js';
import { endSession, startSession } from './session-decisions.js';
import type { TenantState } from './state.js';
import { issueToken, revokeToken } from './token-decisions.js';
import { deleteUser, registerUser, updateUser } from './user-decisions.js';

/** The tenant: who may use its API and its dashboard. Pure. */
export const tenantDecider: Decider<TenantCommand, TenantEvent, TenantState> = {
  initialState: (stream) => ({
    tenant: parseStreamKey(stream).tenant,
    tokens: new Map(),
    users: new Map(),
    sessions: new Map(),
    toldExpiry: new Map(),
  }),
  decide: (command, state, context) => refuseEnded(command, state) ?? decide(command, state, context),
  evolve: evolveTenant,
};

function decide(command: TenantCommand, state: TenantState, { now }: DecisionContext): TenantDecision {
  switch (command.type) {
    case 'IssueTenantToken':
      return issueToken(command, state);
    case 'RevokeTenantToken':
      return revokeToken(command, state);
    case 'RegisterUser':
      return registerUser(command, state);
    case 'UpdateUser':
      return updateUser(command, state);
    case 'DeleteUser':
      return deleteUser(command, state);
    case 'StartSession':
      return startSession(command, state);
    case 'EndSession':
      return endSession(command, state);
    case 'RecordFailedSignIns':
      return { events: [{ type: 'SignInFailed', data: command.failures }] };
    case 'TellPlatformExpiry':
      return tellPlatformExpiry(command, state, now);
  }
}

/** SEC-33. */
function tellPlatformExpiry({ certificate }: TellPlatformExpiry, state: TenantState, now: number): TenantDecision {
  const { of, fingerprint, notAfter } = certificate;
  const days = expiryDue(certificate, now);
  if (days === undefined || days >= (state.toldExpiry.get(fingerprint) ?? Infinity)) return { events: [] };
  return { events: [{ type: 'PlatformCertificateExpiring', data: { of, fingerprint, notAfter, days } }] };
}

/** Two admins who delete each other at once: the first is heard, the second has no session any more (SEC-151). */
function refuseEnded(command: TenantCommand, state: TenantState): TenantDecision | undefined {
  if (!('under' in command) || command.under === undefined) return undefined;
  const token = state.tokens.get(command.under);
  const stands = state.sessions.has(command.under) || (token !== undefined && token.revokedAt === undefined);
  return stands ? undefined : refuse('TOKEN_EXPIRED', 'The session or token has ended.');
}

import type { Decider } from '../kernel/decider.js';
import { parseStreamKey } from '../kernel/stream-key.js';
import type { TenantCommand } from './commands.js';
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
  }),
  decide: (command, state) => refuseEnded(command, state) ?? decide(command, state),
  evolve: evolveTenant,
};

function decide(command: TenantCommand, state: TenantState): TenantDecision {
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
  }
}

/** Two admins who delete each other at once: the first is heard, the second has no session any more (SEC-151). */
function refuseEnded(command: TenantCommand, state: TenantState): TenantDecision | undefined {
  if (!('under' in command) || command.under === undefined) return undefined;
  const token = state.tokens.get(command.under);
  const stands = state.sessions.has(command.under) || (token !== undefined && token.revokedAt === undefined);
  return stands ? undefined : refuse('TOKEN_EXPIRED', 'The session or token has ended.');
}

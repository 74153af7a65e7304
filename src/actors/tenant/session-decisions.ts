import type { EndSession, StartSession } from './commands.js';
import type { TenantEvent } from './events.js';
import { refuse, type TenantDecision } from './refusals.js';
import type { TenantState } from './state.js';

/** Sessions that a user may have at once; a script that signs in for each of its requests must not fill the memory. */
const MAX_SESSIONS = 50;

/** The password was checked outside, where time may pass: it must still be the one that counts, of somebody who may sign in. */
export function startSession({ session, verifierSha256 }: StartSession, state: TenantState): TenantDecision {
  const user = state.users.get(session.user);
  const counts = user?.verifierSha256 === verifierSha256 && user.disabledAt === undefined;
  if (!counts) return refuse('SIGN_IN_FAILED', 'Name or password is wrong.');
  if (state.sessions.has(session.sessionId)) throw new Error(`session id ${session.sessionId} is taken`);
  const own = [...state.sessions.values()].filter((entry) => entry.user === session.user);
  const replaced = own
    .slice(0, Math.max(0, own.length + 1 - MAX_SESSIONS))
    .map(({ sessionId, user: name }): TenantEvent => ({
      type: 'SessionEnded',
      data: { sessionId, user: name, reason: 'REPLACED' },
    }));
  return { events: [...replaced, { type: 'SessionStarted', data: session }] };
}

export function endSession({ sessionId, reason, ofUser }: EndSession, state: TenantState): TenantDecision {
  const entry = state.sessions.get(sessionId);
  if (entry === undefined || (ofUser !== undefined && ofUser !== entry.user)) {
    return refuse('SESSION_NOT_FOUND', 'There is no such session, or it has ended.');
  }
  return { events: [{ type: 'SessionEnded', data: { sessionId, user: entry.user, reason } }] };
}

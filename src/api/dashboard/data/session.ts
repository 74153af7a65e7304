import { signal } from '@preact/signals';
import { get, post, remove, RequestFailed, toProblem, type Problem, type Schema } from './client.js';

type Session = Schema<'Session'>;

/** Who is signed in here. */
export type SessionState =
  | { readonly state: 'unknown' }
  | { readonly state: 'none' }
  /** The session ended while a page was open: sign-in comes over the page, which stays as it is. */
  | { readonly state: 'ended'; readonly session: Session }
  | { readonly state: 'open'; readonly session: Session };

export const session = signal<SessionState>({ state: 'unknown' });
/** The server did not answer the last request; cleared by the next answer. */
export const unreachableSince = signal<Date | undefined>(undefined);

export async function readSession(): Promise<Problem | undefined> {
  try {
    session.value = { state: 'open', session: await get('/api/v1/sessions/current') };
    return undefined;
  } catch (error) {
    const problem = toProblem(error);
    if (problem.status !== 401) return problem;
    session.value = { state: 'none' };
    return undefined;
  }
}

/** @throws RequestFailed */
export async function signIn(name: string, password: string): Promise<void> {
  session.value = { state: 'open', session: await post('/api/v1/sessions', { body: { name, password } }) };
}

/** All sessions of the user end; this browser goes on under the new one of the answer. @throws RequestFailed */
export async function changePassword(currentPassword: string, newPassword: string): Promise<void> {
  const body = { currentPassword, newPassword };
  session.value = { state: 'open', session: await post('/api/v1/sessions/current/password', { body }) };
}

/** @throws RequestFailed */
export async function signOut(): Promise<void> {
  await remove('/api/v1/sessions/current');
  session.value = { state: 'none' };
}

/** Told of every failed request: some say something about the session or the server as a whole. */
export function noteFailure(error: unknown): void {
  if (!(error instanceof RequestFailed)) return;
  const current = session.value;
  if (error.problem.status === 401 && current.state === 'open') {
    session.value = { state: 'ended', session: current.session };
  }
  if (error.problem.code === 'UNREACHABLE') unreachableSince.value ??= new Date();
}

export function noteSuccess(): void {
  if (unreachableSince.value !== undefined) unreachableSince.value = undefined;
}

const ROLES: readonly Role[] = ['viewer', 'operator', 'admin'];
export type Role = Schema<'Role'>;

/** Whether who is signed in may do what needs `role`. */
export function may(role: Role): boolean {
  const current = session.value;
  if (current.state !== 'open' && current.state !== 'ended') return false;
  return ROLES.indexOf(current.session.user.role) >= ROLES.indexOf(role);
}

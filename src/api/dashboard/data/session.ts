import { signal } from '@preact/signals';
import { reach, RequestFailed, toProblem, type Problem } from './client.js';

export interface Session {
  readonly user: { readonly name: string; readonly role: Role };
  readonly expiresAt: string;
}

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
    session.value = { state: 'open', session: (await (await reach('/api/v1/sessions/current', {})).json()) as Session };
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
  const response = await reach('/api/v1/sessions', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name, password }),
  });
  session.value = { state: 'open', session: (await response.json()) as Session };
}

/** @throws RequestFailed */
export async function signOut(): Promise<void> {
  await reach('/api/v1/sessions/current', { method: 'DELETE' });
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

const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Whether who is signed in may do what needs `role`. */
export function may(role: Role): boolean {
  const current = session.value;
  if (current.state !== 'open' && current.state !== 'ended') return false;
  return ROLES.indexOf(current.session.user.role) >= ROLES.indexOf(role);
}

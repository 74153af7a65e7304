import { useRef } from 'preact/hooks';
import { patch, RequestFailed, type Schema } from '../../data/client.js';

export type User = Schema<'User'>;

/**
 * Changes a user as the page has read them. When somebody else was faster, what they did is told, and the next attempt is made
 * against that: nothing is overwritten unseen.
 */
export function useUserChange({ name, revision }: User): (body: Schema<'PatchUser'>) => Promise<void> {
  const seen = useRef(revision);
  return async (body) => {
    try {
      await patch('/api/v1/users/{userName}', { path: { userName: name }, body, revision: seen.current });
    } catch (error) {
      const current = error instanceof RequestFailed ? (error.problem.current as Partial<User> | undefined) : undefined;
      if (current?.revision !== undefined) seen.current = current.revision;
      throw error;
    }
  };
}

/** A password that is shown this once. */
export interface GivenPassword {
  readonly name: string;
  readonly password: string;
}

/** Without letters and digits that are taken for each other: 32, so that each byte's lower five bits choose one evenly. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';
const GROUPS = 4;
const GROUP = 4;

/** A first password of 80 random bits: `k7mf-9qtx-…` (security.md, SEC-74 asks for 40). */
export function newPassword(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(GROUPS * GROUP));
  const letters = Array.from(bytes, (byte) => ALPHABET.charAt(byte % ALPHABET.length));
  return Array.from({ length: GROUPS }, (_, group) => letters.slice(group * GROUP, (group + 1) * GROUP).join('')).join(
    '-',
  );
}

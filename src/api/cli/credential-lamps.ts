import type { Colour } from './terminal.js';

export type CredentialState = 'active' | 'superseded' | 'expired' | 'revoked';

/** Shape and word, so that colour is never the only signal. */
export const CREDENTIAL_LAMPS: Readonly<Record<CredentialState, readonly [text: string, colour: Colour]>> = {
  active: ['● active', 'good'],
  superseded: ['◐ superseded', 'quiet'],
  expired: ['○ expired', 'warn'],
  revoked: ['■ revoked', 'bad'],
};

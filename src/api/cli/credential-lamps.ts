import type { Colour } from './terminal.js';

export type CredentialState = 'active' | 'expired' | 'revoked';

/** Shape and word, so that colour is never the only signal. */
export const CREDENTIAL_LAMPS: Readonly<Record<CredentialState, readonly [text: string, colour: Colour]>> = {
  active: ['● active', 'good'],
  expired: ['○ expired', 'warn'],
  revoked: ['■ revoked', 'bad'],
};

import type { Schema } from '../data/client.js';
import { preferences } from '../data/preferences.js';
import { absolute } from '../format/times.js';
import { Lamp, type LampState } from './lamp.js';

type State = Schema<'CredentialState'>;

const LAMPS: Readonly<Record<State, LampState>> = { active: 'online', expired: 'offline', revoked: 'disabled' };

/** As the chips of a list have them. */
export const CREDENTIAL_STATES: readonly State[] = ['active', 'expired', 'revoked'];

export interface Credential {
  readonly state: State;
  readonly revokedAt?: string | undefined;
  readonly revokeReason?: string | undefined;
}

/** Whether a certificate or token counts; when and why it was revoked is in the tooltip. */
export function CredentialLamp({ of }: { readonly of: Credential }) {
  const { state, revokedAt, revokeReason = '' } = of;
  const title =
    revokedAt === undefined ? undefined : `${absolute(Date.parse(revokedAt), preferences.value.zone)}: ${revokeReason}`;
  return (
    <span title={title}>
      <Lamp state={LAMPS[state]} word={state} />
    </span>
  );
}

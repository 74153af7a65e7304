import type { Schema } from '../data/client.js';
import { preferences } from '../data/preferences.js';
import { absolute } from '../format/times.js';
import { Lamp, type LampState } from './lamp.js';

type State = Schema<'CertificateState'>;

const LAMPS: Readonly<Record<State, LampState>> = {
  active: 'online',
  superseded: 'silent',
  expired: 'offline',
  revoked: 'disabled',
};

/** As the chips of a list have them. */
export const TOKEN_STATES: readonly Schema<'CredentialState'>[] = ['active', 'expired', 'revoked'];
export const CERTIFICATE_STATES: readonly State[] = ['active', 'superseded', 'expired', 'revoked'];

export interface Credential {
  readonly state: State;
  /** Active, but a newer one is in use. */
  readonly superseded?: boolean;
  readonly revokedAt?: string | null | undefined;
  readonly revokeReason?: string | null | undefined;
}

/** Whether a certificate or token counts; when and why it was revoked is in the tooltip. */
export function CredentialLamp({ of }: { readonly of: Credential }) {
  const { revokedAt, revokeReason } = of;
  const state = of.superseded === true ? 'superseded' : of.state;
  const title =
    typeof revokedAt === 'string'
      ? `${absolute(Date.parse(revokedAt), preferences.value.zone)}: ${revokeReason ?? ''}`
      : state === 'superseded'
        ? 'It counts still, but the device has connected with a newer one. It is revoked a day after that.'
        : undefined;
  return (
    <span title={title}>
      <Lamp state={LAMPS[state]} word={state} />
    </span>
  );
}

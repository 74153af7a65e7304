import type { Validity } from '../kernel/expiry.js';
import type {
  PlatformCertificateExpiring,
  Role,
  SessionEndReason,
  SessionStarted,
  SignInFailed,
  TenantTokenIssued,
} from './events.js';

/**
 * Id of the session or API token under which a command is given; absent for the platform itself and for the administrator's token
 * from the environment. The tenant has the last word: nothing is decided under one that has ended meanwhile (SEC-151).
 */
interface UnderCredential {
  readonly under?: string | undefined;
}

/** Refused with `ROLE_INSUFFICIENT` when the role is above that of the creator (SEC-81). */
export type IssueTenantToken = UnderCredential & {
  readonly type: 'IssueTenantToken';
  readonly token: TenantTokenIssued['data'];
  readonly creatorRole: Role;
};
/** Idempotent: revoking a revoked one changes nothing. */
export type RevokeTenantToken = UnderCredential & {
  readonly type: 'RevokeTenantToken';
  readonly tokenId: string;
  readonly reason: string;
};

export type RegisterUser = UnderCredential & {
  readonly type: 'RegisterUser';
  readonly name: string;
  readonly role: Role;
  readonly verifierSha256: string;
};
/** Changes what is given; each change but `enabled: true` ends the user's sessions, and `enabled: false` the user's API tokens too. */
export type UpdateUser = UnderCredential & {
  readonly type: 'UpdateUser';
  readonly name: string;
  readonly role?: Role | undefined;
  /** Whether the user may sign in. */
  readonly enabled?: boolean | undefined;
  readonly verifierSha256?: string | undefined;
  /** The verifier that the old password was checked against: refused with `VERSION_CONFLICT` when it is another one by now. */
  readonly expectedVerifierSha256?: string | undefined;
  /** From `If-Match`: refused with `VERSION_CONFLICT` when the user is at another revision by now. */
  readonly ifRevision?: number;
};
/** Ends the user's sessions and API tokens too. */
export type DeleteUser = UnderCredential & {
  readonly type: 'DeleteUser';
  readonly name: string;
  /** As above. */
  readonly ifRevision?: number;
};

/** Refused with `SIGN_IN_FAILED` when the password that was checked is not the user's any more, or the user is disabled. */
export type StartSession = {
  readonly type: 'StartSession';
  readonly session: SessionStarted['data'];
  readonly verifierSha256: string;
};
/** Idempotent. */
export type EndSession = UnderCredential & {
  readonly type: 'EndSession';
  readonly sessionId: string;
  readonly reason: SessionEndReason;
  /** Only a session of this user; another's is as unknown as none. */
  readonly ofUser?: string | undefined;
};
export type RecordFailedSignIns = {
  readonly type: 'RecordFailedSignIns';
  readonly failures: SignInFailed['data'];
};

/** Idempotent, as a device's `TellExpiry`. */
export type TellPlatformExpiry = {
  readonly type: 'TellPlatformExpiry';
  readonly certificate: Validity & Pick<PlatformCertificateExpiring['data'], 'of' | 'fingerprint'>;
};

export type TenantCommand =
  | IssueTenantToken
  | RevokeTenantToken
  | RegisterUser
  | UpdateUser
  | DeleteUser
  | StartSession
  | EndSession
  | RecordFailedSignIns
  | TellPlatformExpiry;

import { describe, expect, test } from '@jest/globals';
import { tenantDecider } from '../../../../src/actors/tenant/decider.js';
import type { StartSession } from '../../../../src/actors/tenant/commands.js';
import {
  tenantStream,
  type Role,
  type SessionStarted,
  type TenantEvent,
} from '../../../../src/actors/tenant/events.js';
import { specificationOf } from '../given.js';

const NOW = Date.UTC(2026, 5, 1);
const { given, fold } = specificationOf(tenantDecider, tenantStream('default'), NOW);
const [OLD, NEW] = ['aa'.repeat(32), 'bb'.repeat(32)];

const registered = (name: string, role: Role): TenantEvent => ({
  type: 'UserRegistered',
  data: { name, role, verifierSha256: OLD },
});
const sessionOf = (user: string, sessionId = `session-${user}`): SessionStarted['data'] => ({
  sessionId,
  sha256: 'cc'.repeat(32),
  user,
  expiresAt: NOW + 1000,
});
const started = (user: string, sessionId?: string): TenantEvent => ({
  type: 'SessionStarted',
  data: sessionOf(user, sessionId),
});
const disabled = (name: string): TenantEvent => ({ type: 'UserDisabled', data: { name } });
const [ann, ben] = [registered('ann', 'admin'), registered('ben', 'admin')];

describe('users', () => {
  test('a name is taken once, and free again after its deletion', () => {
    const register = { type: 'RegisterUser', name: 'ann', role: 'admin', verifierSha256: OLD } as const;
    given().when(register).then(ann);
    given(ann).when(register).refuses('USER_EXISTS');
    given(ann, ben, { type: 'UserDeleted', data: { name: 'ann' } })
      .when(register)
      .then(ann);
  });

  test('a change says what it was and what it is; no change is no event', () => {
    given(ann, ben)
      .when({ type: 'UpdateUser', name: 'ann', role: 'viewer', verifierSha256: NEW })
      .then(
        { type: 'UserRoleChanged', data: { name: 'ann', from: 'admin', to: 'viewer' } },
        { type: 'UserPasswordChanged', data: { name: 'ann', verifierSha256: NEW } },
      );
    given(ann).when({ type: 'UpdateUser', name: 'ann', role: 'admin', verifierSha256: OLD }).then();
    given(ann).when({ type: 'UpdateUser', name: 'eve', role: 'viewer' }).refuses('USER_NOT_FOUND');
  });

  test('a password that was checked must still be the one that counts', () => {
    const change = { type: 'UpdateUser', name: 'ann', verifierSha256: NEW, expectedVerifierSha256: NEW } as const;
    given(ann).when(change).refuses('VERSION_CONFLICT');
    given(ann).when({ type: 'UpdateUser', name: 'ann', role: 'viewer', ifRevision: 7 }).refuses('VERSION_CONFLICT');
    given(ann).when({ type: 'DeleteUser', name: 'ann', ifRevision: 7 }).refuses('VERSION_CONFLICT');
    const signIn: StartSession = { type: 'StartSession', session: sessionOf('ann'), verifierSha256: NEW };
    given(ann).when(signIn).refuses('SIGN_IN_FAILED');
    given().when(signIn).refuses('SIGN_IN_FAILED');
  });

  test('the last admin stays an admin, whoever asks', () => {
    const viewer = registered('eve', 'viewer');
    for (const command of [
      { type: 'DeleteUser', name: 'ann' },
      { type: 'UpdateUser', name: 'ann', role: 'operator', verifierSha256: NEW },
      { type: 'UpdateUser', name: 'ann', enabled: false },
    ] as const) {
      given(ann, viewer).when(command).refuses('LAST_ADMIN');
      given(ann, ben, disabled('ben')).when(command).refuses('LAST_ADMIN');
      expect(given(ann, ben, viewer).when(command).decision.rejection).toBeUndefined();
    }
    given(ann, viewer)
      .when({ type: 'UpdateUser', name: 'ann', verifierSha256: NEW })
      .then({
        type: 'UserPasswordChanged',
        data: { name: 'ann', verifierSha256: NEW },
      });
  });
});

describe('disabled users', () => {
  const signIn: StartSession = { type: 'StartSession', session: sessionOf('ann'), verifierSha256: OLD };
  const enable = { type: 'UpdateUser', name: 'ann', enabled: true } as const;
  const disable = { ...enable, enabled: false } as const;
  const enabled: TenantEvent = { type: 'UserEnabled', data: { name: 'ann' } };

  test('a disabled user can not sign in, an enabled one can again', () => {
    given(ann, ben).when(disable).then(disabled('ann'));
    given(ann, ben, disabled('ann')).when(signIn).refuses('SIGN_IN_FAILED');
    given(ann, ben, disabled('ann')).when(enable).then(enabled);
    given(ann, ben, disabled('ann'), enabled).when(signIn).then(started('ann'));
  });

  test('disabling the disabled and enabling the enabled is no event', () => {
    given(ann, ben).when(enable).then();
    given(ann, ben, disabled('ann')).when(disable).then();
    given(ann, ben, disabled('ann'), enabled).when(enable).then();
    given(ann, ben)
      .when({ ...disable, ifRevision: 7 })
      .refuses('VERSION_CONFLICT');
  });

  test('SEC-151 no token outlives the user who made it, nor one that was made with such a token', () => {
    const issued = (tokenId: string, createdBy: string): TenantEvent => ({
      type: 'TenantTokenIssued',
      data: { tokenId, sha256: OLD, role: 'admin', expiresAt: NOW + 1, createdBy },
    });
    const revoked = (tokenId: string, reason: string): TenantEvent => ({
      type: 'TenantTokenRevoked',
      data: { tokenId, reason },
    });
    const tokens = [
      issued('own', 'user/ann'),
      issued('gone', 'user/ann'),
      revoked('gone', 'lost'),
      issued('of-own', 'token/own'),
      issued('of-gone', 'token/gone'),
      issued('of-ben', 'user/ben'),
      issued('of-system', 'system/admin'),
    ];
    const ended = (reason: string) => ['own', 'of-own', 'of-gone'].map((tokenId) => revoked(tokenId, reason));
    given(ann, ben, ...tokens)
      .when(disable)
      .then(disabled('ann'), ...ended('USER_DISABLED'));
    given(ann, ben, ...tokens)
      .when({ type: 'DeleteUser', name: 'ann' })
      .then({ type: 'UserDeleted', data: { name: 'ann' } }, ...ended('USER_DELETED'));
  });

  test('a disabled admin can be deleted, and get a lower role', () => {
    for (const command of [
      { type: 'DeleteUser', name: 'ben' },
      { type: 'UpdateUser', name: 'ben', role: 'viewer' },
    ] as const) {
      expect(given(ann, ben, disabled('ben')).when(command).decision.rejection).toBeUndefined();
    }
  });
});

describe('sessions', () => {
  test('SEC-75 no session outlives the password, the role or the user under which it began', () => {
    for (const end of [
      { type: 'UserPasswordChanged', data: { name: 'ann', verifierSha256: NEW } },
      { type: 'UserRoleChanged', data: { name: 'ann', from: 'admin', to: 'viewer' } },
      disabled('ann'),
      { type: 'UserDeleted', data: { name: 'ann' } },
      { type: 'SessionEnded', data: { sessionId: 'session-ann', user: 'ann', reason: 'SIGNED_OUT' } },
    ] as const) {
      const { sessions } = fold([ann, ben, started('ann'), started('ben'), end]);
      expect([...sessions.keys()]).toEqual(['session-ben']);
    }
  });

  test('SEC-151 nothing is decided under a session or token that has ended', () => {
    const token: TenantEvent = {
      type: 'TenantTokenIssued',
      data: { tokenId: 't1', sha256: OLD, role: 'admin', expiresAt: NOW + 1, createdBy: 'system/admin' },
    };
    const revoked: TenantEvent = { type: 'TenantTokenRevoked', data: { tokenId: 't1', reason: 'x' } };
    const ended: TenantEvent = { type: 'UserDeleted', data: { name: 'ben' } };
    const remove = (under: string) => ({ type: 'DeleteUser', name: 'ann', under }) as const;
    const before = [ann, ben, registered('eve', 'admin'), started('ben'), token] as const;
    given(...before)
      .when(remove('session-ben'))
      .then({ type: 'UserDeleted', data: { name: 'ann' } });
    given(...before)
      .when(remove('t1'))
      .then({ type: 'UserDeleted', data: { name: 'ann' } });
    given(...before, ended)
      .when(remove('session-ben'))
      .refuses('TOKEN_EXPIRED');
    given(...before, revoked)
      .when(remove('t1'))
      .refuses('TOKEN_EXPIRED');
    given(...before)
      .when(remove('never-was'))
      .refuses('TOKEN_EXPIRED');
  });

  test('somebody else’s session is as unknown as none', () => {
    const end = { type: 'EndSession', sessionId: 'session-ann', reason: 'ENDED_BY_USER' } as const;
    const event: TenantEvent = {
      type: 'SessionEnded',
      data: { sessionId: 'session-ann', user: 'ann', reason: 'ENDED_BY_USER' },
    };
    given(ann, started('ann')).when(end).then(event);
    given(ann, started('ann'))
      .when({ ...end, ofUser: 'ann' })
      .then(event);
    given(ann, started('ann'))
      .when({ ...end, ofUser: 'ben' })
      .refuses('SESSION_NOT_FOUND');
    given(ann).when(end).refuses('SESSION_NOT_FOUND');
  });

  test('a user has fifty sessions at most: the oldest makes room', () => {
    const many = Array.from({ length: 50 }, (_, index) => started('ann', `s${index}`));
    const signIn: StartSession = { type: 'StartSession', session: sessionOf('ann', 'new'), verifierSha256: OLD };
    given(ann, ...many.slice(1))
      .when(signIn)
      .then(started('ann', 'new'));
    given(ann, ben, started('ben'), ...many)
      .when(signIn)
      .then(
        { type: 'SessionEnded', data: { sessionId: 's0', user: 'ann', reason: 'REPLACED' } },
        started('ann', 'new'),
      );
  });

  test('failed sign-ins are a fact that changes nothing', () => {
    const failures = { user: 'ann', address: '203.0.113.9', count: 3 };
    given(ann).when({ type: 'RecordFailedSignIns', failures }).then({ type: 'SignInFailed', data: failures });
    expect(fold([ann, { type: 'SignInFailed', data: failures }])).toEqual(fold([ann]));
  });
});

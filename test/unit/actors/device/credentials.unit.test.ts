import { describe, expect, test } from '@jest/globals';
import type { DeviceCommand } from '../../../../src/actors/device/commands.js';
import type { DeviceEvent } from '../../../../src/actors/device/events.js';
import {
  certificate,
  connected,
  deleted,
  disconnected,
  fold,
  given,
  hex,
  issued,
  NOW,
  online,
  registered,
  revoke,
  revoked,
  tokenIssued,
} from './device-facts.js';

const addCertificate = (digit: string, key = digit): DeviceCommand => ({
  type: 'AddCertificate',
  certificate: certificate(digit, key),
});
const tokenRevoked: DeviceEvent = { type: 'TokenRevoked', data: { tokenId: 't1', reason: 'lost' } };

describe('certificates', () => {
  test('SEC-23 the same key never gets a second active certificate', () => {
    given(registered).when(addCertificate('a')).then(issued('a'));
    given(registered, issued('a')).when(addCertificate('b', 'a')).then();
    given(registered, issued('a'), revoked('a')).when(addCertificate('a')).then(issued('a'));
  });

  test('SEC-26 two may be active; a revoked or expired one makes room', () => {
    given(registered, issued('a'), issued('b')).when(addCertificate('c')).refuses('CERTIFICATE_LIMIT');
    given(registered, issued('a'), issued('b'), revoked('a')).when(addCertificate('c')).then(issued('c'));
    const later = certificate('a').notAfter;
    given(registered, issued('a'), issued('b')).when(addCertificate('c'), later).then(issued('c'));
  });

  test('SEC-28 revoking is journaled with its reason and is idempotent', () => {
    given(registered, issued('a')).when(revoke('a')).then(revoked('a'));
    given(registered, issued('a'), revoked('a')).when(revoke('a')).then();
    given(registered).when(revoke('a')).refuses('CERTIFICATE_NOT_FOUND');
  });

  test('SEC-05 revoking the live credential ends the connection, another one does not', () => {
    given(...online)
      .when(revoke('a'))
      .then(revoked('a'), disconnected(1, 'CREDENTIAL_REVOKED'));
    given(...online, issued('b'))
      .when(revoke('b'))
      .then(revoked('b'));
  });

  test('the entry keeps when and why it ended', () => {
    const [entry] = fold([registered, issued('a'), revoked('a')]).certificates.values();
    expect(entry).toMatchObject({ issuedAt: NOW, sequence: 2, revokedAt: NOW, revokeReason: 'lost' });
    const [after] = fold([registered, issued('a'), deleted]).certificates.values();
    expect(after).toMatchObject({ revokedAt: NOW, revokeReason: 'DEVICE_DELETED' });
  });
});

describe('tokens', () => {
  test('a token is added once and revoked once', () => {
    const add: DeviceCommand = { type: 'AddToken', tokenId: 't1', sha256: hex('e') };
    given(registered).when(add).then(tokenIssued());
    given(registered, tokenIssued()).when(add).then();
    const revokeToken: DeviceCommand = { type: 'RevokeToken', tokenId: 't1', reason: 'lost' };
    given(registered, tokenIssued()).when(revokeToken).then(tokenRevoked);
    given(registered, tokenIssued(), tokenRevoked).when(revokeToken).then();
    given(registered).when(revokeToken).refuses('TOKEN_NOT_FOUND');
  });

  test('SEC-05 revoking the live token ends the connection', () => {
    given(registered, tokenIssued(), connected(1, 't1'))
      .when({ type: 'RevokeToken', tokenId: 't1', reason: 'lost' })
      .then(tokenRevoked, disconnected(1, 'CREDENTIAL_REVOKED'));
  });

  test('SEC-11 state and events hold the hash of a token, with label and expiry as given', () => {
    given(registered)
      .when({ type: 'AddToken', tokenId: 't1', sha256: hex('e'), label: 'bench', expiresAt: NOW + 1 })
      .then({ type: 'TokenIssued', data: { tokenId: 't1', sha256: hex('e'), label: 'bench', expiresAt: NOW + 1 } });
  });
});

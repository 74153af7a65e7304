import { describe, expect, test } from '@jest/globals';
import {
  certificate,
  connect,
  connectByToken,
  connected,
  disabled,
  disconnected,
  fold,
  given,
  issued,
  NOW,
  online,
  registered,
  revoked,
  tokenIssued,
} from './device-facts.js';

describe('connecting', () => {
  test('each accepted connect begins the next session epoch', () => {
    given(registered, issued('a')).when(connect('a')).then(connected(1));
    given(...online, disconnected(1, 'CONNECTION_LOST'))
      .when(connect('a'))
      .then(connected(2));
    given(registered, tokenIssued()).when(connectByToken).then(connected(1, 't1'));
  });

  test('SEC-07 the newer connection takes over from the older one', () => {
    given(...online)
      .when(connect('a'))
      .then(disconnected(1, 'TAKEN_OVER'), connected(2));
  });

  test('SEC-02 a credential that the registry does not list for this device is refused', () => {
    given(registered).when(connect('a')).refuses('CREDENTIAL_UNKNOWN');
    given(registered, issued('a')).when(connectByToken).refuses('CREDENTIAL_UNKNOWN');
  });

  test('SEC-05 a revoked credential is refused', () => {
    given(registered, issued('a'), revoked('a')).when(connect('a')).refuses('CREDENTIAL_REVOKED');
  });

  test('SEC-06 the end of a credential is looked at here too', () => {
    const { notAfter } = certificate('a');
    given(registered, issued('a'))
      .when(connect('a'), notAfter - 1)
      .then(connected(1));
    given(registered, issued('a')).when(connect('a'), notAfter).refuses('CREDENTIAL_EXPIRED');
    given(registered, tokenIssued(NOW)).when(connectByToken).refuses('CREDENTIAL_EXPIRED');
  });

  test('SEC-05 a disabled device is refused', () => {
    given(registered, issued('a'), disabled).when(connect('a')).refuses('DEVICE_DISABLED');
  });

  test('SEC-150 the state names the event that allowed the connection', () => {
    expect(fold([...online]).connection).toMatchObject({ sessionEpoch: 1, connected: true, policySequence: 2 });
  });
});

describe('disconnecting', () => {
  const end = { type: 'DisconnectDevice', reason: 'CLIENT_DISCONNECT' } as const;
  test('the current connection ends once, an older one says nothing new', () => {
    given(...online)
      .when({ ...end, sessionEpoch: 1 })
      .then(disconnected(1, 'CLIENT_DISCONNECT'));
    given(...online, disconnected(1, 'TAKEN_OVER'), connected(2))
      .when({ ...end, sessionEpoch: 1 })
      .then();
    given(...online, revoked('a'), disconnected(1, 'CREDENTIAL_REVOKED'))
      .when({ ...end, sessionEpoch: 1 })
      .then();
    given()
      .when({ ...end, sessionEpoch: 0 })
      .then();
  });
});

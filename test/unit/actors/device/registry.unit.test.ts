import { describe, expect, test } from '@jest/globals';
import type { DeviceCommand } from '../../../../src/actors/device/commands.js';
import {
  connect,
  connected,
  deleted,
  disabled,
  disconnected,
  enabled,
  fold,
  given,
  issued,
  online,
  patch,
  profile,
  record,
  registered,
  telemetry,
} from './device-facts.js';

const register: DeviceCommand = { type: 'RegisterDevice', id: 'pump-7', profile, enabled: true };

describe('registering', () => {
  test('an id is registered once', () => {
    given().when(register).then(registered);
    given(registered).when(register).refuses('DEVICE_EXISTS');
  });

  test('a deleted id may be registered again, and its old credentials stay dead', () => {
    given(registered, issued('a'), deleted).when(register).then(registered);
    given(registered, issued('a'), deleted, registered).when(connect('a')).refuses('CREDENTIAL_REVOKED');
  });

  test('the id has to be the stream’s own and well-formed', () => {
    given()
      .when({ ...register, id: 'pump-8' })
      .refuses('PAYLOAD_INVALID', '/id');
    given()
      .when({ ...register, id: '..' })
      .refuses('PAYLOAD_INVALID', '/id');
  });

  test('a profile that does not fit is refused with a pointer', () => {
    given()
      .when({ ...register, profile: { ...profile, tags: ['a', ''] } })
      .refuses('PAYLOAD_INVALID', '/tags/1');
  });
});

describe('changing', () => {
  test('the whole new profile is journaled', () => {
    given(registered)
      .when(patch({ name: 'Feed pump', attributes: { site: 'north' } }))
      .then({
        type: 'DeviceUpdated',
        data: { profile: { ...profile, name: 'Feed pump', attributes: { site: 'north' } } },
      });
  });

  test('what changes nothing leaves no event', () => {
    given(registered).when(patch({})).then();
    given(registered)
      .when(patch({ enabled: true, tags: [], name: null }))
      .then();
  });

  test('enabling and disabling are facts of their own, beside a changed profile', () => {
    given(registered)
      .when(patch({ enabled: false }))
      .then(disabled);
    given(registered, disabled)
      .when(patch({ enabled: true }))
      .then(enabled);
    given(registered)
      .when(patch({ enabled: false, gateway: true }))
      .then({ type: 'DeviceUpdated', data: { profile: { ...profile, gateway: true } } }, disabled);
  });

  test('SEC-05 disabling and deleting end the live connection', () => {
    given(...online)
      .when(patch({ enabled: false }))
      .then(disabled, disconnected(1, 'DEVICE_DISABLED'));
    given(...online)
      .when({ type: 'DeleteDevice' })
      .then(deleted, disconnected(1, 'DEVICE_DELETED'));
  });

  test('only who has read the current revision may change under a condition', () => {
    given(registered, issued('a'))
      .when(patch({ name: 'x' }, 2))
      .refuses('VERSION_CONFLICT');
    given(registered, issued('a')).when({ type: 'DeleteDevice', ifRevision: 7 }).refuses('VERSION_CONFLICT');
    given(registered, issued('a')).when({ type: 'DeleteDevice', ifRevision: 1 }).then(deleted);
  });

  test('the revision counts registry changes and neither credentials, connections nor messages', () => {
    expect(fold([...online, telemetry({ t: 1 })]).revision).toBe(1);
    expect(fold([...online, disabled]).revision).toBe(4);
  });

  test('id and enabled are no free members', () => {
    given(registered)
      .when(patch({ id: 'pump-8' }))
      .refuses('PAYLOAD_INVALID', '/id');
    given(registered)
      .when(patch({ id: 'pump-7' }))
      .then();
    given(registered)
      .when(patch({ enabled: null }))
      .refuses('PAYLOAD_INVALID', '/enabled');
    given(registered)
      .when(patch({ enabled: 'no' }))
      .refuses('PAYLOAD_INVALID', '/enabled');
  });
});

describe('a device that is not there', () => {
  const ofUsers: DeviceCommand[] = [
    patch({}),
    { type: 'DeleteDevice' },
    { type: 'AddCertificate', certificate: issued('a').data },
    { type: 'RevokeCertificate', fingerprint: 'x', reason: '' },
    { type: 'AddToken', tokenId: 't', sha256: 's' },
    { type: 'RevokeToken', tokenId: 't', reason: '' },
  ];
  const ofDevices: DeviceCommand[] = [
    connect('a'),
    record(1),
    { type: 'RecordDeviceEvent', sessionEpoch: 1, name: 'n', body: 1 },
  ];
  test.each(ofUsers.map((command) => [command.type, command] as const))(
    '%s answers DEVICE_NOT_FOUND',
    (_type, command) => {
      given().when(command).refuses('DEVICE_NOT_FOUND');
      given(registered, deleted).when(command).refuses('DEVICE_NOT_FOUND');
    },
  );
  test.each(ofDevices.map((command) => [command.type, command] as const))(
    '%s answers DEVICE_UNKNOWN',
    (_type, command) => {
      given().when(command).refuses('DEVICE_UNKNOWN');
      given(registered, issued('a'), connected(1), deleted).when(command).refuses('DEVICE_UNKNOWN');
    },
  );
});

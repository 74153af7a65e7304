import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { DeviceCommand } from '../../../../src/actors/device/commands.js';
import type { MessageRejected } from '../../../../src/actors/device/events.js';
import { RECENT_IDS } from '../../../../src/actors/device/recent-ids.js';
import {
  connected,
  disabled,
  disconnected,
  enabled,
  fold,
  given,
  hex,
  issued,
  NOW,
  online,
  record,
  registered,
  revoked,
  telemetry,
} from './device-facts.js';

describe('telemetry', () => {
  test('each record becomes an event at its own time; without one it is the time of the decision', () => {
    given(...online)
      .when({
        type: 'RecordTelemetry',
        sessionEpoch: 1,
        records: [{ values: { t: 1 }, ts: 1_000 }, { values: { t: 2 } }],
      })
      .then(telemetry({ t: 1 }, undefined, 1_000), telemetry({ t: 2 }));
  });

  test('a known id is left out, within one message and among earlier ones', () => {
    given(...online, telemetry({ t: 1 }, 'x'))
      .when(record(1, 'x', 'y', 'y', undefined))
      .then(telemetry({ t: 1 }, 'y'), telemetry({ t: 1 }));
    given(...online, telemetry({ t: 1 }, 'x'))
      .when(record(1, 'x'))
      .then();
  });

  test('the window is 1024 ids wide, exactly', () => {
    const ids = Array.from({ length: RECENT_IDS + 1 }, (_, index) => `m${index}`);
    const full = [...online, ...ids.map((id) => telemetry({ t: 1 }, id))];
    expect(RECENT_IDS).toBe(1024);
    expect(fold(full).recentIds.size).toBe(1024);
    given(...full)
      .when(record(1, 'm1'))
      .then();
    given(...full)
      .when(record(1, 'm0'))
      .then(telemetry({ t: 1 }, 'm0'));
  });

  test('the window holds the latest ids in the order in which they came, whatever came', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2000 }), { maxLength: 3000 }), (numbers) => {
        const unique = [...new Set(numbers)].map(String);
        const state = fold([...online, ...unique.map((id) => telemetry({ t: 1 }, id))]);
        expect([...state.recentIds]).toEqual(unique.slice(-RECENT_IDS));
      }),
      { numRuns: 20 },
    );
  });
});

const message: MessageRejected['data'] = {
  code: 'PAYLOAD_INVALID',
  detail: 'no',
  topic: 'devices/pump-7/telemetry',
  pointer: '/t',
  payload: '',
  payloadSha256: hex('0'),
  payloadBytes: 0,
};

test('a device event keeps its name and body', () => {
  given(...online)
    .when({ type: 'RecordDeviceEvent', sessionEpoch: 1, name: 'door', body: [null] })
    .then({ type: 'DeviceEventRecorded', data: { name: 'door', body: [null] } });
});

test('a refused message is a fact and a refusal at once', () => {
  const { decision } = given(...online).when({ type: 'RejectMessage', sessionEpoch: 1, message });
  expect(decision).toEqual({
    events: [{ type: 'MessageRejected', data: message }],
    rejection: { code: 'PAYLOAD_INVALID', detail: 'no', pointer: '/t' },
  });
  const state = fold([...online, { type: 'MessageRejected', data: message }]);
  expect(state).toMatchObject({ rejected: 1, lastRejectedAt: NOW, lastAcceptedAt: null });
});

describe('who may speak', () => {
  const messages = (sessionEpoch: number): DeviceCommand[] => [
    record(sessionEpoch),
    { type: 'RecordDeviceEvent', sessionEpoch, name: 'n', body: 1 },
    { type: 'RejectMessage', sessionEpoch, message },
  ];

  test('a connection that was taken over, or never was, is refused without an event', () => {
    for (const command of messages(1)) {
      given(...online, disconnected(1, 'TAKEN_OVER'), connected(2))
        .when(command)
        .refuses('SESSION_SUPERSEDED');
    }
    for (const command of messages(0)) given(registered).when(command).refuses('SESSION_SUPERSEDED');
  });

  test('SEC-151 after its revocation nothing is recorded under a credential, in flight or as a will', () => {
    const live = [...online, revoked('a'), disconnected(1, 'CREDENTIAL_REVOKED')];
    const gone = [...online, disconnected(1, 'CONNECTION_LOST'), revoked('a')];
    for (const history of [live, gone]) {
      for (const command of messages(1))
        given(...history)
          .when(command)
          .refuses('CREDENTIAL_REVOKED');
    }
  });

  test('SEC-151 revoking the other credential changes nothing', () => {
    given(...online, issued('b'), revoked('b'))
      .when(record(1, undefined))
      .then(telemetry({ t: 1 }));
  });

  test('a connection that was ended by disabling stays silent, also after enabling', () => {
    const history = [...online, disabled, disconnected(1, 'DEVICE_DISABLED')];
    for (const command of messages(1)) {
      given(...history)
        .when(command)
        .refuses('DEVICE_DISABLED');
      given(...history, enabled)
        .when(command)
        .refuses('DEVICE_DISABLED');
    }
  });

  test('a will may come after the connection was lost', () => {
    given(...online, disconnected(1, 'CONNECTION_LOST'))
      .when(record(1, 'w'))
      .then(telemetry({ t: 1 }, 'w'));
  });
});

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { DeviceCommand } from '../../../../src/actors/device/commands.js';
import { revokeSuperseded } from '../../../../src/actors/device/rotation.js';
import type { Origin, Outcome } from '../../../../src/actors/kernel/ports/entities.js';
import { createFixedClock, createSilentLogger } from '../../../support/fake-ports.js';

const HOUR = 3_600_000;

describe('the end of a rotation', () => {
  const clock = createFixedClock();
  const asked: number[] = [];
  const sent: { stream: string; command: DeviceCommand; origin: Origin }[] = [];
  let outcome: Outcome;
  let found: { tenant: string; device: string; fingerprint: string }[];
  let rotation: ReturnType<typeof revokeSuperseded>;
  beforeEach(async () => {
    outcome = { kind: 'accepted' };
    found = [{ tenant: 'acme', device: 'pump-7', fingerprint: 'f1' }];
    rotation = revokeSuperseded({
      connections: {
        supersededSince(usedUntil) {
          asked.push(usedUntil);
          return Promise.resolve(found);
        },
      },
      devices: {
        request(stream, command, origin) {
          sent.push({ stream, command, origin });
          return Promise.resolve(outcome);
        },
      },
      clock,
      logger: createSilentLogger(),
    });
    // The look of the start is done with.
    await rotation.check();
    asked.length = sent.length = 0;
  });
  afterEach(() => rotation.stop());

  test('SEC-26 the older certificate is revoked a day after the first CONNECT with the newer one, by the platform', async () => {
    await rotation.check();
    expect(asked).toEqual([clock.now() - 24 * HOUR]);
    expect(sent).toEqual([
      {
        stream: 'device/acme/pump-7',
        command: { type: 'RevokeCertificate', fingerprint: 'f1', reason: 'SUPERSEDED' },
        origin: { tenant: 'acme', principal: 'system/rotation' },
      },
    ]);
  });

  test('SEC-26 what could not be journaled is tried again', async () => {
    outcome = { kind: 'failed', code: 'JOURNAL_UNAVAILABLE' };
    await rotation.check();
    await rotation.check();
    expect(sent).toHaveLength(2);
  });
});

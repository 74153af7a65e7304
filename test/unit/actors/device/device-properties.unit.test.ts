import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { deviceCodec } from '../../../../src/actors/device/codec.js';
import type { DeviceCommand } from '../../../../src/actors/device/commands.js';
import { deviceDecider } from '../../../../src/actors/device/decider.js';
import { createDeviceDirectory } from '../../../../src/actors/device/device-actor.js';
import type { DeviceEvent } from '../../../../src/actors/device/events.js';
import { verifyChain } from '../../../../src/actors/kernel/hash-chain.js';
import type { Outcome } from '../../../../src/actors/kernel/ports/entities.js';
import type { RecordedEvent } from '../../../../src/actors/kernel/ports/journal.js';
import type { Clock } from '../../../../src/actors/kernel/ports/surroundings.js';
import { createFixedClock, createMemoryMeter, createSilentLogger } from '../../../support/fake-ports.js';
import { createMemoryJournal, type AppendFault, type MemoryJournal } from '../../../support/memory-journal.js';
import { readEventSchemas } from '../event-schemas.js';
import { NOW, STREAM } from './device-facts.js';
import { anyLife } from './random-commands.js';

/** Runs commands through the pure decider. */
function live(commands: readonly DeviceCommand[]): DeviceEvent[] {
  let state = deviceDecider.initialState(STREAM);
  const history: DeviceEvent[] = [];
  for (const command of commands) {
    const { events } = deviceDecider.decide(command, state, {
      now: NOW,
      nextSequence: history.length + 1,
      stream: STREAM,
    });
    for (const event of events) {
      history.push(event);
      state = deviceDecider.evolve(state, event, { sequence: history.length, occurredAt: event.occurredAt ?? NOW });
    }
  }
  return history;
}

describe('whatever is asked of a device', () => {
  test('SEC-151 no message stands under a revoked credential, of a disabled device, or of an older session', () => {
    fc.assert(
      fc.property(anyLife, (commands) => {
        const revoked = new Set<string>();
        let epoch = 0;
        let credential = '';
        let mayConnect = false;
        for (const event of live(commands)) {
          switch (event.type) {
            case 'DeviceRegistered':
              mayConnect = event.data.enabled;
              break;
            case 'DeviceEnabled':
              mayConnect = true;
              break;
            case 'DeviceDisabled':
            case 'DeviceDeleted':
              mayConnect = false;
              break;
            case 'CertificateIssued':
              revoked.delete(event.data.fingerprint);
              break;
            case 'CertificateRevoked':
              revoked.add(event.data.fingerprint);
              break;
            case 'TokenRevoked':
              revoked.add(event.data.tokenId);
              break;
            case 'DeviceConnected':
              expect(event.data.sessionEpoch).toBe(epoch + 1);
              ({ sessionEpoch: epoch, credential } = event.data);
              expect([mayConnect, revoked.has(credential)]).toEqual([true, false]);
              break;
            case 'TelemetryRecorded':
            case 'DeviceEventRecorded':
            case 'MessageRejected':
              expect([mayConnect, revoked.has(credential)]).toEqual([true, false]);
              break;
            case 'DeviceUpdated':
            case 'CertificateExpiring':
            case 'TokenIssued':
            case 'DeviceDisconnected':
              break;
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('sessions begin and end in turn, at most two certificates are active, no id is recorded twice in a life', () => {
    fc.assert(
      fc.property(anyLife, (commands) => {
        let open: number | undefined;
        let active = new Set<string>();
        let ids = new Set<string>();
        for (const event of live(commands)) {
          if (event.type === 'DeviceConnected') {
            expect(open).toBeUndefined();
            open = event.data.sessionEpoch;
          } else if (event.type === 'DeviceDisconnected') {
            expect(event.data.sessionEpoch).toBe(open);
            open = undefined;
          } else if (event.type === 'CertificateIssued') {
            active.add(event.data.fingerprint);
            expect(active.size).toBeLessThanOrEqual(2);
          } else if (event.type === 'CertificateRevoked') active.delete(event.data.fingerprint);
          else if (event.type === 'DeviceDeleted') {
            active = new Set();
            ids = new Set();
          } else if (event.type === 'TelemetryRecorded' && event.data.id !== undefined) {
            expect(ids.has(event.data.id)).toBe(false);
            ids.add(event.data.id);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('every event fits its published schema and comes back from its bytes', () => {
    const schemas = readEventSchemas('device');
    fc.assert(
      fc.property(anyLife, (commands) => {
        for (const event of live(commands)) {
          const version = deviceCodec.versionOf(event.type);
          const bytes = deviceCodec.encode(event);
          const validate = schemas.get(`${event.type}.v${version}`);
          expect(validate?.(JSON.parse(bytes.toString())) === true ? [] : (validate?.errors ?? 'no schema')).toEqual(
            [],
          );
          const decoded = deviceCodec.decode(event.type, version, bytes, 5);
          expect(JSON.stringify(decoded.data)).toBe(JSON.stringify(event.data));
        }
      }),
      { numRuns: 100 },
    );
  });
});

/** What happens between two commands. */
const anyTrouble = fc.constantFrom<AppendFault | 'crash' | 'epoch' | 'none'>(
  'none',
  'none',
  'none',
  'crash',
  'conflict',
  'fence',
  'unavailable',
  'epoch',
);

function startDirectory(memory: MemoryJournal, clock: Clock) {
  const limits = { snapshotEvery: 7 };
  return createDeviceDirectory({ ...memory, clock, limits, logger: createSilentLogger(), meter: createMemoryMeter() });
}

function foldRows(rows: readonly RecordedEvent[]): string {
  const state = rows.reduce((folded, row) => {
    const event = deviceCodec.decode(row.type, row.schemaVersion, row.payload, row.occurredAt);
    return deviceDecider.evolve(folded, event, row);
  }, deviceDecider.initialState(STREAM));
  return JSON.stringify(deviceCodec.toSnapshot(state));
}

test('I9 after any commands, faults and crashes the live, the recovered and the folded state are one', async () => {
  await fc.assert(
    fc.asyncProperty(anyLife, fc.array(anyTrouble, { minLength: 84, maxLength: 84 }), async (commands, troubles) => {
      const clock = createFixedClock(NOW);
      const memory = createMemoryJournal({ now: () => clock.now() });
      let directory = startDirectory(memory, clock);
      const zombies: (typeof directory)[] = [];
      const outcomes: Promise<Outcome>[] = [];
      const read = (): Promise<{ readonly text: string; readonly sequence: number }> =>
        directory.query(STREAM, (state, sequence) => ({
          text: JSON.stringify(deviceCodec.toSnapshot(state)),
          sequence,
        }));
      for (const [index, command] of commands.entries()) {
        const trouble = troubles[index];
        if (trouble === 'crash') {
          // The old process is not asked: what it has under way races with the new one, and the journal decides.
          zombies.push(directory);
          directory = startDirectory(memory, clock);
        } else if (trouble === 'epoch') memory.bumpEpoch(memory.journal.shardOf(STREAM));
        else if (trouble !== 'none') memory.faults.nextAppends.push(trouble);
        clock.advance(100);
        outcomes.push(directory.request(STREAM, command, { tenant: 'default', principal: 'test' }));
        if (index % 3 === 0) await outcomes.at(-1);
      }
      const recorded = (await Promise.all(outcomes)).flatMap((outcome) =>
        outcome.kind !== 'failed' && outcome.recorded ? [outcome.recorded] : [],
      );
      const rows = memory.stream(STREAM);
      // Every event was told to exactly one asker.
      const told = recorded.flatMap(({ sequence, count }) => Array.from({ length: count }, (_, at) => sequence + at));
      expect(told.sort((left, right) => left - right)).toEqual(rows.map((row) => row.sequence));
      expect(verifyChain(STREAM, rows).intact).toBe(true);
      memory.faults.nextAppends.length = 0;
      // The live one may not have heard of the last events of another process: it is compared as of its own sequence.
      const live = await read();
      expect(live.text).toBe(foldRows(rows.slice(0, live.sequence)));
      zombies.push(directory);
      directory = startDirectory(memory, clock);
      expect(await read()).toEqual({ text: foldRows(rows), sequence: rows.length });
      for (const started of [...zombies, directory]) await started.stop();
    }),
    { numRuns: 60 },
  );
}, 60_000);

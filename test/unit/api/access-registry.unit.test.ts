import { describe, expect, test } from '@jest/globals';
import type { RecordedEvent } from '../../../src/actors/kernel/ports/journal.js';
import { createAccessRegistry } from '../../../src/api/access/access-registry.js';
import { createMemoryJournal } from '../../support/memory-journal.js';

function recorded(position: number, type: string, payload: object, stream = 'tenant/acme'): RecordedEvent {
  return {
    shard: 0,
    position,
    stream,
    sequence: position,
    type,
    schemaVersion: 1,
    occurredAt: 0,
    recordedAt: 0,
    payload: Buffer.from(JSON.stringify(payload)),
    metadata: Buffer.from('{}'),
  };
}
const issued = (position: number, tokenId: string, stream?: string): RecordedEvent =>
  recorded(
    position,
    'TenantTokenIssued',
    { tokenId, sha256: `hash-of-${tokenId}`, role: 'viewer', expiresAt: 9, createdBy: 'system/admin' },
    stream,
  );

describe('the index of API tokens', () => {
  test('leads a token to its tenant, and knows of its revocation', async () => {
    const { snapshots } = createMemoryJournal();
    const index = createAccessRegistry({ journal: { shards: 1, headOf: () => 2 }, snapshots });
    expect(await index.checkpoint(0)).toBe(0);
    expect(index.ready()).toBe(false);
    await index.handle(0, [issued(1, 'a'), recorded(2, 'TelemetryRecorded', {}, 'device/acme/d')]);
    expect(index.ready()).toBe(true);
    expect(index.findToken('hash-of-a')).toMatchObject({
      tenant: 'acme',
      tokenId: 'a',
      policy: 'tenant/acme:1',
      revoked: false,
    });
    await index.handle(0, [recorded(3, 'TenantTokenRevoked', { tokenId: 'a', reason: 'x' })]);
    expect(index.findToken('hash-of-a')).toMatchObject({ revoked: true });
  });

  test('keeps equal ids of two tenants apart', async () => {
    const { snapshots } = createMemoryJournal();
    const index = createAccessRegistry({ journal: { shards: 1, headOf: () => 0 }, snapshots });
    await index.checkpoint(0);
    const rival = { ...issued(2, 'a', 'tenant/rival') };
    await index.handle(0, [
      issued(1, 'a'),
      { ...rival, payload: Buffer.from(rival.payload.toString().replace('hash-of-a', 'hash-of-b')) },
      recorded(3, 'TenantTokenRevoked', { tokenId: 'a', reason: 'x' }, 'tenant/rival'),
    ]);
    expect([index.findToken('hash-of-a')?.revoked, index.findToken('hash-of-b')?.revoked]).toEqual([false, true]);
  });

  test('I9 goes on where it was saved, equal to the one that read everything', async () => {
    const { snapshots } = createMemoryJournal();
    const journal = { shards: 1, headOf: () => 20_001 };
    const first = createAccessRegistry({ journal, snapshots });
    await first.checkpoint(0);
    await first.handle(0, [issued(1, 'a'), issued(20_000, 'b')]);
    await first.handle(0, [recorded(20_001, 'TenantTokenRevoked', { tokenId: 'a', reason: 'x' })]);
    const second = createAccessRegistry({ journal, snapshots });
    expect(await second.checkpoint(0)).toBe(20_000);
    await second.handle(0, [recorded(20_001, 'TenantTokenRevoked', { tokenId: 'a', reason: 'x' })]);
    for (const hash of ['hash-of-a', 'hash-of-b']) expect(second.findToken(hash)).toEqual(first.findToken(hash));
  });

  test('does not believe a fold from beyond the head (a database put back)', async () => {
    const { snapshots } = createMemoryJournal();
    await snapshots.save({ stream: 'index/api-tokens/0', sequence: 99, schemaVersion: 1, state: Buffer.from('[]') });
    const index = createAccessRegistry({ journal: { shards: 1, headOf: () => 5 }, snapshots });
    expect(await index.checkpoint(0)).toBe(0);
  });

  test('tells when a position is reached, and gives up waiting in time', async () => {
    const { snapshots } = createMemoryJournal();
    const index = createAccessRegistry({ journal: { shards: 1, headOf: () => 0 }, snapshots });
    await index.checkpoint(0);
    const reached = index.caughtUp(0, 1, 60_000);
    await index.handle(0, [issued(1, 'a')]);
    await reached;
    await index.caughtUp(0, 2, 5);
  });
});

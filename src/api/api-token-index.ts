import type { Journal, RecordedEvent, SnapshotStore, Subscriber } from '../actors/kernel/ports.js';
import { parseStreamKey } from '../actors/kernel/stream-key.js';
import { tenantCodec } from '../actors/tenant/codec.js';
import type { TenantEvent } from '../actors/tenant/events.js';
import type { TokenGrant, TokenLookup } from './auth.js';

/**
 * All API tokens of all tenants in memory, folded from the tenants' streams, so that a request is let in or refused without
 * asking anybody, also while Postgres is away. `main.ts` runs it as a subscription.
 */
export interface ApiTokenIndex extends TokenLookup, Subscriber {
  /** Resolves when the index has this position, or after `timeoutMs`. */
  caughtUp(shard: number, position: number, timeoutMs: number): Promise<void>;
}

/** A grant as it is kept between starts. */
interface KeptGrant extends TokenGrant {
  readonly sha256: string;
}

const NAME = 'api-tokens';
const SCHEMA_VERSION = 1;
/** Positions of a shard between two saves: what a start has to read again, a second's worth. */
const SAVE_EVERY = 20_000;

/** @param options.snapshots keeps the fold of each shard, so that a start does not read the whole journal for a few tokens */
export function createApiTokenIndex(options: {
  readonly journal: Pick<Journal, 'shards' | 'headOf'>;
  readonly snapshots: SnapshotStore;
}): ApiTokenIndex {
  const { journal, snapshots } = options;
  const shards = Array.from({ length: journal.shards }, (_, shard) => ({
    /** Events before the start: until they are handled, an unknown token may still turn up. */
    headAtStart: journal.headOf(shard),
    position: undefined as number | undefined,
    saved: 0,
    /** By `<stream>/<token id>`. */
    grants: new Map<string, KeptGrant>(),
  }));
  const bySha256 = new Map<string, KeptGrant>();
  const waiting = new Set<{ readonly shard: number; readonly position: number; readonly resolve: () => void }>();

  const keep = (shard: number, stream: string, grant: KeptGrant): void => {
    shards[shard]?.grants.set(`${stream}/${grant.tokenId}`, grant);
    bySha256.set(grant.sha256, grant);
  };

  const fold = (recorded: RecordedEvent): void => {
    const { concept, tenant } = parseStreamKey(recorded.stream);
    if (concept !== 'tenant') return;
    const { type, schemaVersion, payload, occurredAt, shard, stream, sequence } = recorded;
    const event: TenantEvent = tenantCodec.decode(type, schemaVersion, payload, occurredAt);
    switch (event.type) {
      case 'TenantTokenIssued': {
        const { tokenId, sha256, role, expiresAt } = event.data;
        keep(shard, stream, {
          tenant,
          tokenId,
          sha256,
          role,
          expiresAt,
          revoked: false,
          policy: `${stream}:${sequence}`,
        });
        return;
      }
      case 'TenantTokenRevoked': {
        const grant = shards[shard]?.grants.get(`${stream}/${event.data.tokenId}`);
        if (grant !== undefined) keep(shard, stream, { ...grant, revoked: true });
        return;
      }
    }
  };

  const save = async (shard: number): Promise<void> => {
    const entry = shards[shard];
    if (entry?.position === undefined || entry.position - entry.saved < SAVE_EVERY) return;
    const state = Buffer.from(JSON.stringify([...entry.grants.values()]));
    await snapshots.save({ stream: streamOf(shard), sequence: entry.position, schemaVersion: SCHEMA_VERSION, state });
    entry.saved = entry.position;
  };

  return {
    name: NAME,
    find: (sha256) => bySha256.get(sha256),
    ready: () => shards.every(({ position, headAtStart }) => position !== undefined && position >= headAtStart),

    async checkpoint(shard) {
      const entry = shards[shard];
      if (entry === undefined) return 0;
      if (entry.position !== undefined) return entry.position;
      const kept = await snapshots.load(streamOf(shard));
      if (kept?.schemaVersion === SCHEMA_VERSION && kept.sequence <= entry.headAtStart) {
        const grants = JSON.parse(kept.state.toString('utf8')) as readonly KeptGrant[];
        for (const grant of grants) keep(shard, grant.policy.slice(0, grant.policy.lastIndexOf(':')), grant);
        entry.saved = kept.sequence;
      }
      entry.position = entry.saved;
      return entry.position;
    },

    async handle(shard, events) {
      const entry = shards[shard];
      const last = events.at(-1);
      if (entry === undefined || last === undefined) return;
      for (const event of events) fold(event);
      entry.position = last.position;
      for (const waiter of waiting) {
        if (waiter.shard === shard && waiter.position <= last.position) waiter.resolve();
      }
      await save(shard);
    },

    caughtUp(shard, position, timeoutMs) {
      if ((shards[shard]?.position ?? 0) >= position) return Promise.resolve();
      return new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          waiting.delete(waiter);
          resolve();
        };
        const timer = setTimeout(done, timeoutMs);
        const waiter = { shard, position, resolve: done };
        waiting.add(waiter);
      });
    },
  };
}

/** Key of a shard's fold among the snapshots; no entity has a stream of this name. */
function streamOf(shard: number): string {
  return `index/${NAME}/${shard}`;
}

import type { Journal, RecordedEvent, SnapshotStore, Subscriber } from '../../actors/kernel/ports/journal.js';
import { createPassedPositions } from '../../actors/kernel/passed-positions.js';
import { parseStreamKey } from '../../actors/kernel/stream-key.js';
import { tenantCodec } from '../../actors/tenant/codec.js';
import { tenantDecider } from '../../actors/tenant/decider.js';
import { tenantStream, type TenantEvent } from '../../actors/tenant/events.js';
import type { TenantState } from '../../actors/tenant/state.js';
import type { CredentialLookup, SessionGrant, TokenGrant } from './auth.js';

/**
 * All users, sessions and API tokens of all tenants in memory, folded from the tenants' streams by the tenant's own rules, so that
 * a request is let in or refused without asking anybody, also while Postgres is away. `main.ts` runs it as a subscription.
 */
export interface AccessRegistry extends CredentialLookup, Subscriber {
  /** State of a tenant as far as it is read; must not be kept or changed. */
  tenant(tenant: string): TenantState | undefined;
  tenants(): Iterable<TenantState>;
  /** Resolves when the registry has this position, or after `timeoutMs`. */
  caughtUp(shard: number, position: number, timeoutMs: number): Promise<void>;
  /** Calls back when a tenant has changed. Answers an unsubscribe function. */
  onChange(listener: () => void): () => void;
}

/** Where a secret's hash leads. */
interface Place {
  readonly tenant: string;
  readonly kind: 'token' | 'session';
  readonly id: string;
}

const NAME = 'access';
const SCHEMA_VERSION = 1;
/** Positions of a shard between two saves: what a start has to read again, a second's worth. */
const SAVE_EVERY = 20_000;

/** @param options.snapshots keeps the fold of each shard, so that a start does not read the whole journal for a few tenants */
export function createAccessRegistry(options: {
  readonly journal: Pick<Journal, 'shards' | 'headOf'>;
  readonly snapshots: SnapshotStore;
}): AccessRegistry {
  const { journal, snapshots } = options;
  const shards = Array.from({ length: journal.shards }, (_, shard) => ({
    /** Events before the start: until they are handled, an unknown credential may still turn up. */
    headAtStart: journal.headOf(shard),
    position: undefined as number | undefined,
    saved: 0,
    /** Names of the tenants whose streams lie in the shard. */
    tenants: new Set<string>(),
  }));
  const states = new Map<string, TenantState>();
  const bySha256 = new Map<string, Place>();
  const listeners = new Set<() => void>();
  const passed = createPassedPositions();

  const stateOf = (shard: number, tenant: string): TenantState => {
    const known = states.get(tenant);
    if (known !== undefined) return known;
    const state = tenantDecider.initialState(tenantStream(tenant));
    states.set(tenant, state);
    shards[shard]?.tenants.add(tenant);
    return state;
  };

  const list = ({ tenant, tokens, sessions }: TenantState): void => {
    for (const { tokenId, sha256 } of tokens.values()) bySha256.set(sha256, { tenant, kind: 'token', id: tokenId });
    for (const { sessionId, sha256 } of sessions.values()) {
      bySha256.set(sha256, { tenant, kind: 'session', id: sessionId });
    }
  };

  const forgetEnded = ({ tenant, sessions }: TenantState): void => {
    for (const [sha256, place] of bySha256) {
      if (place.kind === 'session' && place.tenant === tenant && !sessions.has(place.id)) bySha256.delete(sha256);
    }
  };

  /** @returns whether it was an event of a tenant */
  const fold = (recorded: RecordedEvent): boolean => {
    if (!recorded.stream.startsWith('tenant/')) return false;
    const { type, schemaVersion, payload, occurredAt, sequence, shard } = recorded;
    const event: TenantEvent = tenantCodec.decode(type, schemaVersion, payload, occurredAt);
    const { tenant } = parseStreamKey(recorded.stream);
    const state = tenantDecider.evolve(stateOf(shard, tenant), event, { sequence, occurredAt });
    switch (event.type) {
      case 'TenantTokenIssued':
        bySha256.set(event.data.sha256, { tenant, kind: 'token', id: event.data.tokenId });
        break;
      case 'SessionStarted':
        bySha256.set(event.data.sha256, { tenant, kind: 'session', id: event.data.sessionId });
        break;
      case 'SessionEnded':
      case 'UserPasswordChanged':
      case 'UserRoleChanged':
      case 'UserDisabled':
      case 'UserDeleted':
        forgetEnded(state);
        break;
      case 'TenantTokenRevoked':
      case 'UserRegistered':
      case 'UserEnabled':
      case 'SignInFailed':
      case 'PlatformCertificateExpiring':
        break;
    }
    return true;
  };

  const save = async (shard: number): Promise<void> => {
    const entry = shards[shard];
    if (entry?.position === undefined || entry.position - entry.saved < SAVE_EVERY) return;
    const folded = [...entry.tenants].map((tenant) => tenantCodec.toSnapshot(stateOf(shard, tenant)));
    const state = Buffer.from(JSON.stringify({ codec: tenantCodec.snapshotVersion, tenants: folded }));
    await snapshots.save({ stream: streamOf(shard), sequence: entry.position, schemaVersion: SCHEMA_VERSION, state });
    entry.saved = entry.position;
  };

  const restore = async (shard: number, upTo: number): Promise<number> => {
    const kept = await snapshots.load(streamOf(shard));
    if (kept?.schemaVersion !== SCHEMA_VERSION || kept.sequence > upTo) return 0;
    const { codec, tenants } = JSON.parse(kept.state.toString('utf8')) as { codec: number; tenants: unknown[] };
    if (codec !== tenantCodec.snapshotVersion) return 0;
    for (const state of tenants.map((value) => tenantCodec.fromSnapshot(value))) {
      states.set(state.tenant, state);
      shards[shard]?.tenants.add(state.tenant);
      list(state);
    }
    return kept.sequence;
  };

  return {
    name: NAME,
    tenant: (tenant) => states.get(tenant),
    tenants: () => states.values(),
    ready: () => shards.every(({ position, headAtStart }) => position !== undefined && position >= headAtStart),

    findToken(sha256) {
      const place = bySha256.get(sha256);
      const entry = place?.kind === 'token' ? states.get(place.tenant)?.tokens.get(place.id) : undefined;
      if (place === undefined || entry === undefined) return undefined;
      const { tokenId, role, expiresAt, sequence } = entry;
      const policy = `${tenantStream(place.tenant)}:${sequence}`;
      const revoked = entry.revokedAt !== undefined;
      return { tenant: place.tenant, tokenId, role, expiresAt, revoked, policy } satisfies TokenGrant;
    },

    findSession(sha256) {
      const place = bySha256.get(sha256);
      if (place?.kind !== 'session') return undefined;
      const state = states.get(place.tenant);
      const entry = state?.sessions.get(place.id);
      const user = entry && state?.users.get(entry.user);
      if (entry === undefined || user === undefined) return undefined;
      const { sessionId, startedAt, expiresAt, sequence } = entry;
      const policy = `${tenantStream(place.tenant)}:${sequence}`;
      const { name, role } = user;
      return { tenant: place.tenant, sessionId, user: name, role, startedAt, expiresAt, policy } satisfies SessionGrant;
    },

    async checkpoint(shard) {
      const entry = shards[shard];
      if (entry === undefined) return 0;
      if (entry.position === undefined) {
        entry.saved = await restore(shard, entry.headAtStart);
        entry.position = entry.saved;
        passed.pass(shard, entry.position);
      }
      return entry.position;
    },

    async handle(shard, events) {
      const entry = shards[shard];
      const last = events.at(-1);
      if (entry === undefined || last === undefined) return;
      let changed = false;
      for (const event of events) {
        // Position by position: should one not fold, those before it are not folded again.
        if (event.position <= (entry.position ?? 0)) continue;
        changed = fold(event) || changed;
        entry.position = event.position;
      }
      passed.pass(shard, last.position);
      if (changed) for (const listener of listeners) listener();
      await save(shard);
    },

    caughtUp: (shard, position, timeoutMs) => passed.wait(shard, position, timeoutMs),
    untilAwaited: (shard, pauseMs) => passed.untilAwaited(shard, pauseMs),

    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** Key of a shard's fold among the snapshots; no entity has a stream of this name. */
function streamOf(shard: number): string {
  return `index/${NAME}/${shard}`;
}

import type { Clock, EntityDirectory } from '../../actors/kernel/ports.js';
import type { TenantCommand } from '../../actors/tenant/commands.js';
import { tenantStream, type Role } from '../../actors/tenant/events.js';
import type { TenantState, TenantTokenEntry } from '../../actors/tenant/state.js';
import type { ApiTokenIndex } from '../api-token-index.js';
import { sha256OfToken } from '../auth.js';
import { sendJson, textParameter, type Call, type Handlers } from '../call.js';
import { recordedBy, tellRecorded } from '../outcome.js';
import { formatRfc3339 } from '../rfc3339.js';
import { newToken, readExpiry } from '../tokens.js';
import { validityJson } from './credential-json.js';
import { reasonOf } from './registered-device.js';

export interface ApiTokenRouteOptions {
  readonly tenants: EntityDirectory<TenantCommand, TenantState>;
  readonly tokens: ApiTokenIndex;
  readonly clock: Clock;
  readonly randomBytes: (size: number) => Buffer;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const LIFE_MS = 90 * DAY_MS;
const LONGEST_LIFE_MS = 365 * DAY_MS;
/** A token counts, or counts no more, from the answer on; the index is behind by milliseconds, or Postgres is away. */
const CAUGHT_UP_TIMEOUT_MS = 5000;

/** `/tokens`: the API tokens of the caller's tenant. */
export function apiTokenHandlers(options: ApiTokenRouteOptions): Handlers {
  const { tenants, clock, randomBytes } = options;
  return {
    async listTokens(call) {
      const items = await tenants.query(tenantStream(call.access.tenant), (state) =>
        [...state.tokens.values()].map((entry) => apiTokenJson(entry, clock.now())),
      );
      sendJson(call, 200, { items, next: null });
    },

    async issueToken(call) {
      const { role, label, expiresAt: until } = call.body as IssueApiToken;
      const now = clock.now();
      const expiresAt = until === undefined ? now + LIFE_MS : readExpiry(until, now, now + LONGEST_LIFE_MS);
      const { tokenId, token } = newToken('flt_', randomBytes);
      await commandTenant(options, call, {
        type: 'IssueTenantToken',
        creatorRole: call.access.role,
        token: {
          tokenId,
          sha256: sha256OfToken(token),
          role,
          ...(label === undefined ? {} : { label }),
          expiresAt,
          createdBy: call.access.origin.principal,
        },
      });
      call.response.set('Location', `/api/v1/tokens/${tokenId}`);
      sendJson(call, 201, { id: tokenId, token, role, label, expiresAt: formatRfc3339(expiresAt) });
    },

    async revokeToken(call) {
      const tokenId = textParameter(call, 'tokenId');
      const reason = reasonOf(call) ?? 'unspecified';
      await commandTenant(options, call, { type: 'RevokeTenantToken', tokenId, reason });
      call.response.status(204).end();
    },
  };
}

interface IssueApiToken {
  readonly role: Role;
  readonly label?: string;
  readonly expiresAt?: string;
}

async function commandTenant(options: ApiTokenRouteOptions, call: Call, command: TenantCommand): Promise<void> {
  const { tenant, origin } = call.access;
  const settings = { correlationId: call.requestId };
  const recorded = recordedBy(await options.tenants.request(tenantStream(tenant), command, origin, settings));
  tellRecorded(call, recorded);
  if (recorded !== undefined) {
    await options.tokens.caughtUp(recorded.shard, recorded.position, CAUGHT_UP_TIMEOUT_MS);
  }
}

/** Schema `ApiToken`. The hash of the token stays inside. */
function apiTokenJson(entry: TenantTokenEntry, now: number): object {
  return {
    id: entry.tokenId,
    role: entry.role,
    label: entry.label,
    issuedAt: formatRfc3339(entry.issuedAt),
    expiresAt: formatRfc3339(entry.expiresAt),
    ...validityJson(entry, now),
  };
}

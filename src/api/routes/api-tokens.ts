import type { Clock } from '../../actors/kernel/ports/surroundings.js';
import { tenantStream, type Role } from '../../actors/tenant/events.js';
import type { TenantTokenEntry } from '../../actors/tenant/state.js';
import type { AccessParts } from '../access/access.js';
import { sha256OfToken } from '../access/auth.js';
import { sendJson, textParameter, type Handlers } from '../call.js';
import { sendPage } from '../request/page.js';
import { formatRfc3339 } from '../request/rfc3339.js';
import { newToken, readExpiry } from '../access/tokens.js';
import { validityJson } from './credential-json.js';
import { reasonOf } from './registered-device.js';
import { commandTenant } from './tenant-command.js';

export interface ApiTokenRouteOptions {
  readonly access: AccessParts;
  readonly clock: Clock;
  readonly randomBytes: (size: number) => Buffer;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const LIFE_MS = 90 * DAY_MS;
const LONGEST_LIFE_MS = 365 * DAY_MS;

/** `/tokens`: the API tokens of the caller's tenant. */
export function apiTokenHandlers(options: ApiTokenRouteOptions): Handlers {
  const { access, clock, randomBytes } = options;
  const { tenants, lastUses } = access;
  return {
    async listTokens(call) {
      const { tenant } = call.access;
      const items = await tenants.query(tenantStream(tenant), (state) =>
        [...state.tokens.values()].map((entry) => apiTokenJson(entry, lastUses.at(tenant, entry.tokenId), clock.now())),
      );
      sendPage(call, items);
    },

    async issueToken(call) {
      const { role, label, expiresAt: until } = call.body as IssueApiToken;
      const now = clock.now();
      const expiresAt = until === undefined ? now + LIFE_MS : readExpiry(until, now, now + LONGEST_LIFE_MS);
      const { tokenId, token } = newToken('flt_', randomBytes);
      const issued = {
        ...{ tokenId, sha256: sha256OfToken(token), role, ...(label === undefined ? {} : { label }) },
        ...{ expiresAt, createdBy: call.access.origin.principal },
      };
      const command = { type: 'IssueTenantToken', creatorRole: call.access.role, token: issued } as const;
      await commandTenant(access, call, command, { secretAnswer: true });
      call.response.set('Location', `/api/v1/tokens/${tokenId}`);
      sendJson(call, 201, { id: tokenId, token, role, label, expiresAt: formatRfc3339(expiresAt) });
    },

    async revokeToken(call) {
      const tokenId = textParameter(call, 'tokenId');
      const reason = reasonOf(call) ?? 'unspecified';
      await commandTenant(access, call, { type: 'RevokeTenantToken', tokenId, reason });
      call.response.status(204).end();
    },
  };
}

interface IssueApiToken {
  readonly role: Role;
  readonly label?: string;
  readonly expiresAt?: string;
}

/** Schema `ApiToken`. The hash of the token stays inside. */
function apiTokenJson(entry: TenantTokenEntry, lastUsedAt: number | undefined, now: number): object {
  return {
    id: entry.tokenId,
    role: entry.role,
    label: entry.label,
    issuedAt: formatRfc3339(entry.issuedAt),
    expiresAt: formatRfc3339(entry.expiresAt),
    createdBy: entry.createdBy,
    lastUsedAt: lastUsedAt === undefined ? null : formatRfc3339(lastUsedAt),
    ...validityJson(entry, now),
  };
}

import type { IssueTenantToken, RevokeTenantToken } from './commands.js';
import { ROLES, type TenantEvent } from './events.js';
import { refuse, type TenantDecision } from './refusals.js';
import type { TenantState } from './state.js';

export function issueToken({ token, creatorRole }: IssueTenantToken, state: TenantState): TenantDecision {
  if (ROLES.indexOf(token.role) > ROLES.indexOf(creatorRole)) {
    return refuse('ROLE_INSUFFICIENT', 'A token gets no higher role than its creator has.');
  }
  const known = state.tokens.get(token.tokenId);
  if (known === undefined) return { events: [{ type: 'TenantTokenIssued', data: token }] };
  if (known.sha256 === token.sha256) return { events: [] };
  // Ids are random; two tokens under one would make it undecidable which of them a revocation means.
  throw new Error(`token id ${token.tokenId} is taken`);
}

export function revokeToken({ tokenId, reason }: RevokeTenantToken, state: TenantState): TenantDecision {
  const entry = state.tokens.get(tokenId);
  if (entry === undefined) return refuse('TOKEN_NOT_FOUND', 'The tenant has no such token.');
  if (entry.revokedAt !== undefined) return { events: [] };
  return { events: [{ type: 'TenantTokenRevoked', data: { tokenId, reason } }] };
}

/** Revocation of each API token that a user has made, or that such a token has made: a way in must not outlive whoever opened it. */
export function revokeTokensOf(name: string, reason: string, state: TenantState): TenantEvent[] {
  const makers = new Set([`user/${name}`]);
  // A token is younger than what made it, so that one pass in the order of issue finds all.
  const made = [...state.tokens.values()].filter(({ tokenId, createdBy }) => {
    if (!makers.has(createdBy)) return false;
    makers.add(`token/${tokenId}`);
    return true;
  });
  return made
    .filter(({ revokedAt }) => revokedAt === undefined)
    .map(({ tokenId }) => ({ type: 'TenantTokenRevoked', data: { tokenId, reason } }));
}

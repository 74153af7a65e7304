import type { Decider, Decision } from '../kernel/decider.js';
import { parseStreamKey } from '../kernel/stream-key.js';
import type { IssueTenantToken, RevokeTenantToken, TenantCommand } from './commands.js';
import { ROLES, type TenantEvent } from './events.js';
import type { TenantState } from './state.js';

type TenantDecision = Decision<TenantEvent>;

/** The tenant: who may use its API. Pure. */
export const tenantDecider: Decider<TenantCommand, TenantEvent, TenantState> = {
  initialState: (stream) => ({ tenant: parseStreamKey(stream).tenant, tokens: new Map() }),
  decide(command, state) {
    switch (command.type) {
      case 'IssueTenantToken':
        return issueToken(command, state);
      case 'RevokeTenantToken':
        return revokeToken(command, state);
    }
  },
  evolve(state, event, { sequence, occurredAt }) {
    switch (event.type) {
      case 'TenantTokenIssued':
        state.tokens.set(event.data.tokenId, { ...event.data, issuedAt: occurredAt, sequence });
        return state;
      case 'TenantTokenRevoked': {
        const entry = state.tokens.get(event.data.tokenId);
        if (entry === undefined) throw new Error(`token ${event.data.tokenId} was revoked without having been issued`);
        state.tokens.set(entry.tokenId, { ...entry, revokedAt: occurredAt, revokeReason: event.data.reason });
        return state;
      }
    }
  },
};

function issueToken({ token, creatorRole }: IssueTenantToken, state: TenantState): TenantDecision {
  if (ROLES.indexOf(token.role) > ROLES.indexOf(creatorRole)) {
    return {
      events: [],
      rejection: { code: 'ROLE_INSUFFICIENT', detail: 'A token gets no higher role than its creator has.' },
    };
  }
  const known = state.tokens.get(token.tokenId);
  if (known === undefined) return { events: [{ type: 'TenantTokenIssued', data: token }] };
  if (known.sha256 === token.sha256) return { events: [] };
  // Ids are random; two tokens under one would make it undecidable which of them a revocation means.
  throw new Error(`token id ${token.tokenId} is taken`);
}

function revokeToken({ tokenId, reason }: RevokeTenantToken, state: TenantState): TenantDecision {
  const entry = state.tokens.get(tokenId);
  if (entry === undefined) {
    return { events: [], rejection: { code: 'TOKEN_NOT_FOUND', detail: 'The tenant has no such token.' } };
  }
  if (entry.revokedAt !== undefined) return { events: [] };
  return { events: [{ type: 'TenantTokenRevoked', data: { tokenId, reason } }] };
}

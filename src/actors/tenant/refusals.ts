import type { Decision } from '../kernel/decider.js';
import type { ErrorCode } from '../kernel/errors.js';
import type { TenantEvent } from './events.js';

export type TenantDecision = Decision<TenantEvent>;

export function refuse(code: ErrorCode, detail: string): TenantDecision {
  return { events: [], rejection: { code, detail } };
}

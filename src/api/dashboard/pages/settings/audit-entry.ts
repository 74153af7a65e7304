import type { Schema } from '../../data/client.js';
import { sentence } from '../../format/events.js';

export type AuditEntry = Schema<'AuditEntry'>;

/** What somebody did, out of the type of its event: `TenantTokenIssued` is `API token issued`, beside the tokens of devices. */
export function actWords(action: string): string {
  return action.startsWith('TenantToken') ? `API${sentence(action).slice('tenant'.length)}` : sentence(action);
}

import type { AuditEntry } from './audit-entry.js';

const SHOWN = 12;

/** What something was done to; devices and what is theirs lead to the device. */
export function AuditSubject({ on }: Pick<AuditEntry, 'on'>) {
  const { kind, id, device } = on;
  const owner = kind === 'device' ? id : device;
  const shown = id.length > SHOWN && kind !== 'device' && kind !== 'user' ? `${id.slice(0, SHOWN)}…` : id;
  return (
    <span class="page-actions">
      <span class="quiet">{kind}</span>
      {kind !== 'device' && <code title={shown === id ? undefined : id}>{shown}</code>}
      {owner !== undefined && (
        <a href={`/devices/${encodeURIComponent(owner)}`} class="mono">
          {owner}
        </a>
      )}
    </span>
  );
}

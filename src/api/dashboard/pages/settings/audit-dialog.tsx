import { useSignal } from '@preact/signals';
import { Button } from '../../components/button.js';
import { Code } from '../../components/code.js';
import { Copyable } from '../../components/copy.js';
import { Dialog } from '../../components/dialog.js';
import { EventDialog } from '../../components/event-dialog.js';
import { Fact } from '../../components/fact.js';
import { ProblemNote } from '../../components/problem-note.js';
import { useAttempt } from '../../components/attempt.js';
import { readEventAt } from '../../data/event-at.js';
import type { JournalEvent } from '../../data/live.js';
import { preferences } from '../../data/preferences.js';
import { absolute } from '../../format/times.js';
import { actWords, type AuditEntry } from './audit-entry.js';
import { AuditSubject } from './audit-subject.js';

/** One act in full: as it was, as it is, and the event that says so. */
export function AuditDialog({ entry, onClose }: { readonly entry: AuditEntry; readonly onClose: () => void }) {
  const event = useSignal<JournalEvent | undefined>(undefined);
  const attempt = useAttempt();
  const problem = attempt.problem.value;
  const { action, at, principal, on, address, credential, requestId, before, after } = entry;
  const show = (): Promise<void> =>
    attempt.run(async () => {
      event.value = await readEventAt(entry.event, new AbortController().signal);
    });
  if (event.value) return <EventDialog event={event.value} onClose={onClose} />;
  return (
    <Dialog title={actWords(action)} onClose={onClose}>
      <dl class="facts">
        <Fact title="When">{absolute(Date.parse(at), preferences.value.zone)}</Fact>
        <Fact title="Who">{principal}</Fact>
        <Fact title="On what">
          <AuditSubject on={on} />
        </Fact>
        <Fact title="From">{address ?? '–'}</Fact>
        <Fact title="Credential">{credential === null ? '–' : <Short id={credential} what="credential" />}</Fact>
        <Fact title="Request">{requestId === null ? '–' : <Short id={requestId} what="request" />}</Fact>
      </dl>
      {before !== null && (
        <section class="form">
          <h3>Before</h3>
          <Code label="before" text={JSON.stringify(before, undefined, 2)} />
        </section>
      )}
      <section class="form">
        <h3>{before === null ? 'What it says' : 'After'}</h3>
        <Code label="after" text={JSON.stringify(after, undefined, 2)} />
      </section>
      {problem && <ProblemNote problem={problem} />}
      <div class="dialog-actions">
        <Button
          kind="primary"
          label={`Show its event ${entry.event.shard}:${entry.event.position}`}
          busy={attempt.busy.value}
          onPress={() => void show()}
        />
      </div>
    </Dialog>
  );
}

function Short({ id, what }: { readonly id: string; readonly what: string }) {
  return <Copyable text={id} shown={id.length > 14 ? `${id.slice(0, 12)}…` : id} what={what} />;
}

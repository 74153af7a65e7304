import { useSignal } from '@preact/signals';
import { useAttempt } from '../../components/attempt.js';
import { Badge } from '../../components/badge.js';
import { Button } from '../../components/button.js';
import { Dialog } from '../../components/dialog.js';
import { ProblemNote } from '../../components/problem-note.js';
import { Segmented } from '../../components/segmented.js';
import { Table, type Column } from '../../components/table.js';
import type { Schema } from '../../data/client.js';
import { counted } from '../../format/numbers.js';
import { ConflictEvents } from './conflict-events.js';
import { overlap, type Change } from './device-draft.js';
import type { Device } from './device-state.js';

type Side = 'theirs' | 'yours';

interface Row {
  readonly path: string;
  readonly before: unknown;
  readonly theirs: unknown;
  readonly yours: unknown;
  readonly changedBy: 'them' | 'you' | 'both';
}

export interface EditConflictProps {
  /** The device as the form began with it. */
  readonly base: Device;
  /** What the refusal says has changed it in between, the oldest first. */
  readonly events: readonly Schema<'ConflictEvent'>[];
  readonly theirs: readonly Change[];
  readonly yours: readonly Change[];
  /** Sends these against `current`. */
  readonly onSave: (changes: readonly Change[]) => Promise<void>;
  readonly onTheirs: () => void;
  /** Back to the form. */
  readonly onClose: () => void;
}

/** Somebody else was faster: the events in between, theirs and yours, and a merge. Nothing is overwritten silently. */
export function EditConflict(props: EditConflictProps) {
  const { base, events, theirs, yours, onSave, onTheirs, onClose } = props;
  const attempt = useAttempt();
  const chosen = useSignal<Readonly<Record<string, Side>>>({});
  const both = overlap(theirs, yours);
  const undecided = [...both].filter((path) => chosen.value[path] === undefined);
  const kept = yours.filter(({ path }) => !both.has(path) || chosen.value[path] === 'yours');
  const problem = attempt.problem.value;
  const decide: Column<Row> = {
    key: 'decide',
    title: 'Keep',
    cell: ({ path }) =>
      both.has(path) ? (
        <Segmented<Side | ''>
          label={`Keep of ${path}`}
          options={[
            { value: 'theirs', word: 'Theirs' },
            { value: 'yours', word: 'Yours' },
          ]}
          value={chosen.value[path] ?? ''}
          onChange={(side) => {
            if (side !== '') chosen.value = { ...chosen.value, [path]: side };
          }}
        />
      ) : (
        'merges'
      ),
  };
  return (
    <Dialog title={`Somebody else has changed ${base.id}`} onClose={onClose} wide>
      <p>
        Nothing of yours is written yet.{' '}
        {both.size === 0
          ? 'You have changed different things: both can stand.'
          : `${counted(both.size, 'field')} changed by both: choose what stands.`}
      </p>
      <ConflictEvents events={events} />
      <Table<Row>
        label="Theirs and yours"
        columns={[...COLUMNS, decide]}
        rows={rowsOf(theirs, yours)}
        keyOf={({ path }) => path}
      />
      {problem && <ProblemNote problem={problem} />}
      <div class="dialog-actions">
        <Button label="Back to the form" onPress={onClose} />
        <Button label="Take theirs" onPress={onTheirs} />
        <Button
          kind="primary"
          label={both.size === 0 ? 'Merge' : 'Save'}
          needs="admin"
          disabled={undecided.length > 0 || kept.length === 0}
          busy={attempt.busy.value}
          onPress={() => void attempt.run(() => onSave(kept))}
        />
      </div>
    </Dialog>
  );
}

const COLUMNS: readonly Column<Row>[] = [
  {
    key: 'path',
    title: 'Field',
    cell: ({ path, changedBy }) => (
      <span class="page-actions">
        <code>{path}</code>
        {changedBy === 'both' && <Badge tone="warn">both</Badge>}
      </span>
    ),
  },
  { key: 'before', title: 'As it was', cell: ({ before }) => <Value of={before} /> },
  { key: 'theirs', title: 'Theirs', cell: ({ theirs }) => <Value of={theirs} /> },
  { key: 'yours', title: 'Yours', cell: ({ yours }) => <Value of={yours} /> },
];

function Value({ of }: { readonly of: unknown }) {
  return of === undefined ? <span class="faint">none</span> : <code class="foreign">{JSON.stringify(of)}</code>;
}

/** Each path that anybody has changed, what both have changed first. */
function rowsOf(theirs: readonly Change[], yours: readonly Change[]): readonly Row[] {
  const byPath = (changes: readonly Change[]) => new Map(changes.map((change) => [change.path, change]));
  const [them, you] = [byPath(theirs), byPath(yours)];
  return [...new Set([...them.keys(), ...you.keys()])]
    .map((path): Row => {
      const [their, your] = [them.get(path), you.get(path)];
      const before = (their ?? your)?.from;
      return {
        path,
        before,
        theirs: their ? their.to : before,
        yours: your ? your.to : before,
        changedBy: their === undefined ? 'you' : your === undefined ? 'them' : 'both',
      };
    })
    .sort((a, b) => Number(b.changedBy === 'both') - Number(a.changedBy === 'both'));
}

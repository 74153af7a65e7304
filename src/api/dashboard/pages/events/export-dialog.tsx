import { useEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { useAttempt } from '../../components/attempt.js';
import { Button } from '../../components/button.js';
import { Dialog } from '../../components/dialog.js';
import { ProblemNote } from '../../components/problem-note.js';
import { Segmented } from '../../components/segmented.js';
import { confirmDone } from '../../components/toast.js';
import { exportFile, FORMATS } from '../../data/export-file.js';
import { counted } from '../../format/numbers.js';
import type { EventRequest } from './view.js';

export interface ExportDialogProps {
  readonly request: EventRequest;
  /** Rows that it is going to have. */
  readonly estimate: number;
  readonly exact: boolean;
  readonly onClose: () => void;
}

/** Everything that is filtered, as a file: how much that is, first. */
export function ExportDialog({ request, estimate, exact, onClose }: ExportDialogProps) {
  const format = useSignal<keyof typeof FORMATS>('ndjson');
  const rows = useSignal<number | undefined>(undefined);
  const attempt = useAttempt();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const download = (): void => {
    const controller = (stop.current = new AbortController());
    rows.value = 0;
    void attempt.run(async () => {
      const what = { path: '/api/v1/events', query: request, format: FORMATS[format.value] } as const;
      await exportFile({ ...what, name: 'fleetlog-events' }, controller.signal, (count) => (rows.value = count));
      confirmDone(`${counted(rows.value ?? 0, 'line')} downloaded`);
      onClose();
    });
  };
  const busy = attempt.busy.value;
  return (
    <Dialog title="Export events" onClose={onClose}>
      <p>
        {exact ? '' : 'About '}
        <strong>{counted(estimate, 'row')}</strong>: everything that the filters select, shard after shard, the oldest
        first.
      </p>
      <Segmented
        label="Format"
        value={format.value}
        options={[
          { value: 'ndjson', word: 'NDJSON' },
          { value: 'csv', word: 'CSV' },
        ]}
        onChange={(value) => (format.value = value)}
      />
      <p class="quiet">
        {format.value === 'ndjson'
          ? 'One event per line, whole, as every other answer of the API has it.'
          : 'One event per line, payload and metadata as JSON. Cells that a spreadsheet would run as formulas are guarded.'}
      </p>
      {busy && (
        <div class="export-progress">
          <progress aria-label="Downloaded" value={rows.value} max={Math.max(estimate, rows.value ?? 0, 1)} />
          <span class="number">{counted(rows.value ?? 0, 'line')}</span>
        </div>
      )}
      {attempt.problem.value && <ProblemNote problem={attempt.problem.value} />}
      <div class="dialog-actions">
        <Button label="Cancel" onPress={onClose} />
        <Button kind="primary" icon="download" label="Download" busy={busy} onPress={download} />
      </div>
    </Dialog>
  );
}

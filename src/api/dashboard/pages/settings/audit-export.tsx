import { useEffect, useRef } from 'preact/hooks';
import { useAttempt } from '../../components/attempt.js';
import { Button } from '../../components/button.js';
import { ProblemNote } from '../../components/problem-note.js';
import { confirmDone } from '../../components/toast.js';
import { exportFile, FORMATS } from '../../data/export-file.js';

export interface AuditExportProps {
  /** What the list asks for, without its page, at the moment of the press. */
  readonly query: () => Readonly<Record<string, string | undefined>>;
}

/** All entries that the filters select, on every page, as a table for a spreadsheet. */
export function AuditExport({ query }: AuditExportProps) {
  const attempt = useAttempt();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const save = async (): Promise<void> => {
    const controller = (stop.current = new AbortController());
    const what = { path: '/api/v1/audit', query: query(), format: FORMATS.csv, name: 'fleetlog-audit' } as const;
    await exportFile(what, controller.signal);
    confirmDone('Audit downloaded');
  };
  return (
    <>
      <span class="toolbar-end">
        <Button icon="download" label="CSV" busy={attempt.busy.value} onPress={() => void attempt.run(save)} />
      </span>
      {attempt.problem.value && <ProblemNote problem={attempt.problem.value} onRetry={() => void attempt.run(save)} />}
    </>
  );
}

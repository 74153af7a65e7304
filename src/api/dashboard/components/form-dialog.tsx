import type { ComponentChildren } from 'preact';
import type { Role } from '../data/session.js';
import type { Attempt } from './attempt.js';
import { Button } from './button.js';
import { Dialog } from './dialog.js';
import { ProblemNote } from './problem-note.js';

export interface FormDialogProps {
  readonly title: string;
  /** Word on the button that sends it. */
  readonly act: string;
  readonly danger?: boolean;
  readonly needs?: Role;
  /** Whether it can be sent as it is. */
  readonly ready?: boolean;
  readonly attempt: Attempt;
  readonly onSubmit: () => Promise<void>;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** A dialog whose form is sent to the server, and stays as it is when the server refuses. */
export function FormDialog(props: FormDialogProps) {
  const { title, act, danger = false, needs, ready = true, attempt, onSubmit, onClose, children } = props;
  const problem = attempt.problem.value;
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) void attempt.run(onSubmit);
        }}
      >
        {children}
        {problem && <ProblemNote problem={problem} />}
        <div class="dialog-actions">
          <Button label="Cancel" onPress={onClose} />
          <Button
            kind={danger ? 'danger' : 'primary'}
            submit
            label={act}
            {...(needs && { needs })}
            disabled={!ready}
            busy={attempt.busy.value}
          />
        </div>
      </form>
    </Dialog>
  );
}

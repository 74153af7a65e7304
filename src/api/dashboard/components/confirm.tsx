import type { ComponentChildren } from 'preact';
import { useSignal } from '@preact/signals';
import { toProblem, type Problem } from '../data/client.js';
import { noteFailure } from '../data/session.js';
import { Button } from './button.js';
import { Dialog } from './dialog.js';
import { Field } from './field.js';
import { ProblemNote } from './problem-note.js';

export interface ConfirmProps {
  readonly title: string;
  /** Word on the button. */
  readonly act: string;
  /** Has to be typed: for what can not be undone. */
  readonly typed: string;
  /** Whether a reason is asked for; it goes into the journal. */
  readonly reason?: boolean;
  readonly onConfirm: (reason: string) => Promise<void>;
  readonly onClose: () => void;
  /** What will happen. */
  readonly children: ComponentChildren;
}

/** Asks before something that can not be undone. */
export function Confirm({ title, act, typed, reason = false, onConfirm, onClose, children }: ConfirmProps) {
  const given = useSignal('');
  const why = useSignal('');
  const busy = useSignal(false);
  const problem = useSignal<Problem | undefined>(undefined);
  const confirm = async (): Promise<void> => {
    busy.value = true;
    problem.value = undefined;
    try {
      await onConfirm(why.value);
    } catch (error) {
      noteFailure(error);
      problem.value = toProblem(error);
    }
    busy.value = false;
  };
  const ready = given.value.trim() === typed && (!reason || why.value.trim() !== '');
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{children}</p>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) void confirm();
        }}
      >
        {reason && <Field label="Reason" value={why} note="It is journaled with your name." />}
        <Field label={`Type ${typed} to go on`} value={given} />
        {problem.value && <ProblemNote problem={problem.value} />}
        <div class="dialog-actions">
          <Button label="Cancel" onPress={onClose} />
          <Button kind="danger" submit label={act} disabled={!ready} busy={busy.value} />
        </div>
      </form>
    </Dialog>
  );
}

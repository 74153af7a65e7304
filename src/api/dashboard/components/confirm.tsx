import type { ComponentChildren } from 'preact';
import { useSignal } from '@preact/signals';
import { useAttempt } from './attempt.js';
import { Field } from './field.js';
import { FormDialog } from './form-dialog.js';

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
  const attempt = useAttempt();
  return (
    <FormDialog
      title={title}
      act={act}
      danger
      ready={given.value.trim() === typed && (!reason || why.value.trim() !== '')}
      attempt={attempt}
      onSubmit={() => onConfirm(why.value)}
      onClose={onClose}
    >
      <p>{children}</p>
      {reason && <Field label="Reason" value={why} note="It is journaled with your name." />}
      <Field label={`Type ${typed} to go on`} value={given} />
    </FormDialog>
  );
}

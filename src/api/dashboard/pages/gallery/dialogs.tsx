import { useSignal } from '@preact/signals';
import { useAttempt } from '../../components/attempt.js';
import { Button } from '../../components/button.js';
import { Confirm } from '../../components/confirm.js';
import { Dialog } from '../../components/dialog.js';
import { EventDialog } from '../../components/event-dialog.js';
import { Field } from '../../components/field.js';
import { FormDialog } from '../../components/form-dialog.js';
import { Panel } from '../../components/panel.js';
import { Secret } from '../../components/secret.js';
import { EVENTS } from './samples.js';

const DIALOGS = ['Dialog', 'Form', 'Confirmation', 'Secret', 'Event'] as const;
type Name = (typeof DIALOGS)[number];

/** Dialogs lie over the page: each opens with its button. */
export function Dialogs() {
  const open = useSignal<Name | undefined>(undefined);
  const close = (): void => void (open.value = undefined);
  return (
    <Panel title="Dialogs">
      <div class="page-actions">
        {DIALOGS.map((name) => (
          <Button key={name} label={name} onPress={() => (open.value = name)} />
        ))}
      </div>
      {open.value !== undefined && <Opened name={open.value} onClose={close} />}
    </Panel>
  );
}

function Opened({ name, onClose }: { readonly name: Name; readonly onClose: () => void }) {
  const text = useSignal('Feed pump');
  const attempt = useAttempt();
  const [, rejected] = EVENTS;
  switch (name) {
    case 'Dialog':
      return (
        <Dialog title="A dialog" onClose={onClose}>
          <p>The browser keeps the focus inside, and gives it back to where it was.</p>
        </Dialog>
      );
    case 'Form':
      return (
        <FormDialog
          title="Edit pump-7"
          act="Save 1 change"
          attempt={attempt}
          onSubmit={() => Promise.resolve()}
          onClose={onClose}
        >
          <Field label="Name" value={text} />
        </FormDialog>
      );
    case 'Confirmation':
      return (
        <Confirm
          title="Revoke the certificate?"
          act="Revoke"
          typed="554e49df"
          reason
          onConfirm={() => Promise.resolve()}
          onClose={onClose}
        >
          pump-7 is disconnected at once, and this certificate never counts again.
        </Confirm>
      );
    case 'Secret':
      return <Secret title="The token of pump-7" what="token" text="fld_7gq2nT5c0bJ1xk8vYw3Rz" onClose={onClose} />;
    case 'Event':
      return rejected === undefined ? null : <EventDialog event={rejected} onClose={onClose} />;
  }
}

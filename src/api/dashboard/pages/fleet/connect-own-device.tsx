import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso/router';
import { Button } from '../../components/button.js';
import { Dialog } from '../../components/dialog.js';
import { Field } from '../../components/field.js';
import { ProblemNote } from '../../components/problem-note.js';
import { post, toProblem, type Problem } from '../../data/client.js';
import { noteFailure } from '../../data/session.js';

/** Names a device and leads to its page, where the lines and the lamp are. */
export function ConnectOwnDevice({ onClose }: { readonly onClose: () => void }) {
  const { route } = useLocation();
  const id = useSignal('');
  const type = useSignal('');
  const busy = useSignal(false);
  const problem = useSignal<Problem | undefined>(undefined);
  const register = async (): Promise<void> => {
    busy.value = true;
    problem.value = undefined;
    try {
      const { value } = type;
      const device = await post('/api/v1/devices', { body: { id: id.value, ...(value !== '' && { type: value }) } });
      route(`/devices/${encodeURIComponent(device.id)}`);
    } catch (error) {
      noteFailure(error);
      problem.value = toProblem(error);
      busy.value = false;
    }
  };
  return (
    <Dialog title="Connect your own device" onClose={onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void register();
        }}
      >
        <Field
          label="Device id"
          value={id}
          required
          autoFocus
          placeholder="pump-7"
          note="Letters, digits, dots, dashes and colons. It is the device's MQTT client id, and never changes."
        />
        <Field label="Type" value={type} placeholder="pump" note="Devices of a type are alike; it may be left out." />
        {problem.value && <ProblemNote problem={problem.value} />}
        <div class="dialog-actions">
          <Button label="Cancel" onPress={onClose} />
          <Button kind="primary" submit label="Register" busy={busy.value} />
        </div>
      </form>
    </Dialog>
  );
}

import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso/router';
import { useAttempt } from '../../components/attempt.js';
import { Field } from '../../components/field.js';
import { FormDialog } from '../../components/form-dialog.js';
import { post } from '../../data/client.js';

export interface ConnectOwnDeviceProps {
  /** The name that a client has called itself already. */
  readonly id?: string;
  readonly onClose: () => void;
}

/** Names a device and leads to its page, where the lines and the lamp are. */
export function ConnectOwnDevice({ id: given = '', onClose }: ConnectOwnDeviceProps) {
  const { route } = useLocation();
  const id = useSignal(given);
  const type = useSignal('');
  const attempt = useAttempt();
  const register = async (): Promise<void> => {
    const { value } = type;
    const device = await post('/api/v1/devices', { body: { id: id.value, ...(value !== '' && { type: value }) } });
    route(`/devices/${encodeURIComponent(device.id)}`);
  };
  return (
    <FormDialog
      title={given === '' ? 'Connect your own device' : 'Register this device'}
      act="Register"
      needs="admin"
      attempt={attempt}
      onSubmit={register}
      onClose={onClose}
    >
      <Field
        label="Device id"
        value={id}
        required
        autoFocus={given === ''}
        placeholder="pump-7"
        note="Letters, digits, dots, dashes and colons. It is the device's MQTT client id, and never changes."
      />
      <Field
        label="Type"
        value={type}
        autoFocus={given !== ''}
        placeholder="pump"
        note="Devices of a type are alike; it may be left out."
      />
    </FormDialog>
  );
}

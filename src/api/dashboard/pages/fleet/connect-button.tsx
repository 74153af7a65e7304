import { useSignal } from '@preact/signals';
import { Button } from '../../components/button.js';
import { ConnectOwnDevice } from './connect-own-device.js';

/** The way to a first own device, on Home and on the list. */
export function ConnectButton() {
  const open = useSignal(false);
  return (
    <>
      <Button
        kind="primary"
        icon="add"
        label="Connect your own device"
        needs="admin"
        onPress={() => (open.value = true)}
      />
      {open.value && <ConnectOwnDevice onClose={() => (open.value = false)} />}
    </>
  );
}

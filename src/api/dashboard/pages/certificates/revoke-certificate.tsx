import { useSignal } from '@preact/signals';
import { Confirm } from '../../components/confirm.js';
import { Button } from '../../components/button.js';
import { Dialog } from '../../components/dialog.js';
import { shortFingerprint } from '../../components/fingerprint.js';
import { remove } from '../../data/client.js';
import { RevocationEvents } from './revocation-events.js';

export interface RevokeCertificateProps {
  readonly device: string;
  readonly fingerprint: string;
  readonly onRevoked: () => void;
  readonly onClose: () => void;
}

/** Asks for a reason and for what the certificate begins with; then shows what the journal made of it. */
export function RevokeCertificate({ device, fingerprint, onRevoked, onClose }: RevokeCertificateProps) {
  const sequence = useSignal<number | undefined>(undefined);
  if (sequence.value !== undefined) {
    return (
      <Dialog title="The certificate is revoked" onClose={onClose}>
        <RevocationEvents device={device} fingerprint={fingerprint} from={sequence.value} />
        <div class="dialog-actions">
          <Button label="Done" onPress={onClose} />
        </div>
      </Dialog>
    );
  }
  return (
    <Confirm
      title="Revoke this certificate"
      act="Revoke"
      typed={shortFingerprint(fingerprint)}
      reason
      onClose={onClose}
      onConfirm={async (reason) => {
        const caused = await revokeCertificate(device, fingerprint, reason);
        onRevoked();
        // Somebody else was faster: there is no event of ours to show.
        if (caused === undefined) onClose();
        else sequence.value = caused;
      }}
    >
      {device} is disconnected within a second if it uses this certificate, and refused with it from then on.
      Certificates are never made valid again.
    </Confirm>
  );
}

/** @returns the sequence of its `CertificateRevoked` */
export function revokeCertificate(device: string, fingerprint: string, reason: string): Promise<number | undefined> {
  return remove('/api/v1/devices/{deviceId}/certificates/{fingerprint}', {
    path: { deviceId: device, fingerprint },
    body: { reason },
  });
}

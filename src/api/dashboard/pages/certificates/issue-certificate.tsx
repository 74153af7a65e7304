import { useSignal } from '@preact/signals';
import { useAttempt } from '../../components/attempt.js';
import { Dialog } from '../../components/dialog.js';
import { Field } from '../../components/field.js';
import { FormDialog } from '../../components/form-dialog.js';
import { useIssueDraft, type Issued } from './issue-form.js';
import { IssuedCertificate } from './issued-certificate.js';

export interface IssueCertificateProps {
  /** Absent where it is still to be named. */
  readonly device?: string;
  readonly onIssued: () => void;
  readonly onClose: () => void;
}

/** Issues a certificate to a device, and shows it. */
export function IssueCertificate({ device, onIssued, onClose }: IssueCertificateProps) {
  const named = useSignal(device ?? '');
  const attempt = useAttempt();
  const id = named.value.trim();
  const draft = useIssueDraft(id, attempt);
  const issued = useSignal<Issued | undefined>(undefined);
  if (issued.value) {
    return (
      <Dialog title="The certificate is issued" onClose={onClose}>
        <IssuedCertificate device={id} issued={issued.value} />
      </Dialog>
    );
  }
  return (
    <FormDialog
      title={device === undefined ? 'Issue a certificate' : `Certificate for ${device}`}
      act="Issue"
      needs="admin"
      ready={draft.ready && id !== ''}
      attempt={attempt}
      onSubmit={async () => {
        issued.value = await draft.issue(id);
        onIssued();
      }}
      onClose={onClose}
    >
      {device === undefined && (
        <Field label="Device id" value={named} autoFocus note="A device that is registered already." />
      )}
      {draft.fields}
    </FormDialog>
  );
}

import { useSignal } from '@preact/signals';
import { Button } from '../../components/button.js';
import { Code } from '../../components/code.js';
import { Dialog } from '../../components/dialog.js';
import { Field } from '../../components/field.js';
import { ProblemNote } from '../../components/problem-note.js';
import { Segmented } from '../../components/segmented.js';
import { post, toProblem, type Problem, type Schema } from '../../data/client.js';
import { noteFailure } from '../../data/session.js';
import { Bundle } from './bundle.js';

type Way = 'csr' | 'key';
type Issued = Schema<'IssuedCertificate'>;

export interface IssueCertificateProps {
  readonly device: string;
  readonly onIssued: () => void;
  readonly onClose: () => void;
}

/** From a signing request, whose key never leaves its owner, or with a key that leaves once in a bundle. */
export function IssueCertificate({ device, onIssued, onClose }: IssueCertificateProps) {
  const way = useSignal<Way>('csr');
  const csr = useSignal('');
  const busy = useSignal(false);
  const problem = useSignal<Problem | undefined>(undefined);
  const issued = useSignal<Issued | undefined>(undefined);
  const issue = async (): Promise<void> => {
    busy.value = true;
    problem.value = undefined;
    try {
      issued.value = await post('/api/v1/devices/{deviceId}/certificates', {
        path: { deviceId: device },
        body: way.value === 'csr' ? { csr: csr.value } : { generateKey: true },
      });
      onIssued();
    } catch (error) {
      noteFailure(error);
      problem.value = toProblem(error);
    }
    busy.value = false;
  };
  if (issued.value) {
    return (
      <Dialog title="The certificate is issued" onClose={onClose}>
        {issued.value.bundle === undefined ? (
          <Code label="certificate" text={issued.value.certificate} />
        ) : (
          <Bundle device={device} path={issued.value.bundle} />
        )}
      </Dialog>
    );
  }
  return (
    <Dialog title={`Certificate for ${device}`} onClose={onClose}>
      <Segmented<Way>
        label="Where the key is made"
        options={[
          { value: 'csr', word: 'From a signing request' },
          { value: 'key', word: 'With a new key' },
        ]}
        value={way.value}
        onChange={(value) => (way.value = value)}
      />
      {way.value === 'csr' ? (
        <>
          <Field label="Certificate signing request (PEM)" value={csr} multiline />
          <Code
            label="the command for a request"
            text={`openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -subj "/CN=${device}"`}
          />
        </>
      ) : (
        <p class="quiet">The server makes the key and gives it away once, in a zip file, within ten minutes.</p>
      )}
      {problem.value && <ProblemNote problem={problem.value} />}
      <div class="dialog-actions">
        <Button label="Cancel" onPress={onClose} />
        <Button
          kind="primary"
          label="Issue"
          needs="admin"
          disabled={way.value === 'csr' && csr.value.trim() === ''}
          busy={busy.value}
          onPress={() => void issue()}
        />
      </div>
    </Dialog>
  );
}

import { useSignal } from '@preact/signals';
import type { Attempt } from '../../components/attempt.js';
import { Code } from '../../components/code.js';
import { Field } from '../../components/field.js';
import { FileChoice } from '../../components/file-choice.js';
import { Segmented } from '../../components/segmented.js';
import { Select } from '../../components/select.js';
import { post, type Schema } from '../../data/client.js';

type Way = 'csr' | 'key';
type KeyType = 'P-256' | 'RSA';
export type Issued = Schema<'IssuedCertificate'>;

const KEY_TYPES: readonly { readonly value: KeyType; readonly word: string }[] = [
  { value: 'P-256', word: 'P-256 (elliptic curve)' },
  { value: 'RSA', word: 'RSA 2048, with a PKCS #12 key store' },
];

/** What a certificate is issued from, as it is being filled in. */
export interface IssueDraft {
  readonly ready: boolean;
  /** @throws RequestFailed */
  issue(device: string): Promise<Issued>;
  readonly fields: preact.JSX.Element;
}

/** From a signing request, whose key never leaves its owner, or with a key that leaves once in a bundle. */
export function useIssueDraft(device: string, attempt: Attempt): IssueDraft {
  const way = useSignal<Way>('csr');
  const csr = useSignal('');
  const keyType = useSignal<KeyType>('P-256');
  const fields = (
    <>
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
          <Field
            label="Certificate signing request (PEM)"
            value={csr}
            multiline
            placeholder="-----BEGIN CERTIFICATE REQUEST-----"
            fault={attempt.problem.value?.code === 'CSR_INVALID' ? attempt.problem.value.detail : undefined}
          />
          <p class="page-actions">
            <FileChoice label="Choose a file" accept=".csr,.pem,.req" text={csr} />
            <span class="faint">or paste it. The key stays where it is.</span>
          </p>
          <Code
            label="the command for a request"
            text={`openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -subj "/CN=${device === '' ? 'pump-7' : device}"`}
          />
        </>
      ) : (
        <>
          <Select<KeyType>
            label="Key"
            options={KEY_TYPES}
            value={keyType.value}
            onChange={(value) => (keyType.value = value)}
          />
          <p class="quiet">The server makes the key and gives it away once, in a zip file, within ten minutes.</p>
        </>
      )}
    </>
  );
  return {
    ready: way.value === 'key' || csr.value.trim() !== '',
    issue: (deviceId) =>
      post('/api/v1/devices/{deviceId}/certificates', {
        path: { deviceId },
        body: way.value === 'csr' ? { csr: csr.value } : { generateKey: true, keyType: keyType.value },
      }),
    fields,
  };
}

import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useAttempt } from '../../components/attempt.js';
import { Button } from '../../components/button.js';
import { Dialog } from '../../components/dialog.js';
import { Fingerprint, shortFingerprint } from '../../components/fingerprint.js';
import { Icon } from '../../components/icon.js';
import { Lamp } from '../../components/lamp.js';
import { ProblemNote } from '../../components/problem-note.js';
import { Time } from '../../components/time.js';
import { get, type Schema } from '../../data/client.js';
import { useResource } from '../../data/resource.js';
import { useIssueDraft, type Issued } from './issue-form.js';
import { IssuedCertificate } from './issued-certificate.js';
import { revokeCertificate } from './revoke-certificate.js';
import { RevocationEvents } from './revocation-events.js';

type Certificate = Schema<'Certificate'>;

export interface RotateCertificateProps {
  readonly device: string;
  /** The one that goes. */
  readonly first: Pick<Certificate, 'fingerprint' | 'issuedAt'>;
  readonly onChanged: () => void;
  readonly onClose: () => void;
}

const EVERY_MS = 1000;

/**
 * Leads through the three steps of a rotation. Both certificates count until the last step, so the dialog may be closed at any
 * time: opened again, it goes on where the certificates of the device say it is.
 */
export function RotateCertificate({ device, first, onChanged, onClose }: RotateCertificateProps) {
  const path = { deviceId: device };
  const state = useResource(
    async (signal) => {
      const { items } = await get('/api/v1/devices/{deviceId}/certificates', { path, signal });
      return { second: secondOf(items, first) };
    },
    [device, first.fingerprint],
    EVERY_MS,
  );
  const issuing = useAttempt();
  const draft = useIssueDraft(device, issuing);
  const issued = useSignal<Issued | undefined>(undefined);
  const revoking = useAttempt();
  const revoked = useSignal<number | undefined>(undefined);
  const { data } = state.reading.value;
  const second = data?.second;
  const used = typeof second?.lastUsedAt === 'string';
  const issue = async (): Promise<void> => {
    issued.value = await draft.issue(device);
    onChanged();
    await state.reload();
  };
  const revoke = async (): Promise<void> => {
    revoked.value = await revokeCertificate(device, first.fingerprint, 'rotated');
    onChanged();
  };
  const at = revoked.value !== undefined ? 4 : second === undefined ? 1 : used ? 3 : 2;
  return (
    <Dialog title={`Rotate ${shortFingerprint(first.fingerprint)} of ${device}`} onClose={onClose}>
      <p class="quiet">
        Both certificates count until the last step, which comes by itself a day after the second is first used: the
        device is never without one.
      </p>
      <ol class="steps">
        <Step number={1} at={at} title="Issue the second">
          {second === undefined ? (
            <form
              class="form"
              onSubmit={(event) => {
                event.preventDefault();
                if (draft.ready) void issuing.run(issue);
              }}
            >
              {draft.fields}
              {issuing.problem.value && <ProblemNote problem={issuing.problem.value} />}
              <div>
                <Button
                  kind="primary"
                  submit
                  label="Issue"
                  needs="admin"
                  disabled={!draft.ready || data === undefined}
                  busy={issuing.busy.value}
                />
              </div>
            </form>
          ) : issued.value ? (
            <IssuedCertificate device={device} issued={issued.value} />
          ) : (
            <p class="page-actions">
              <Fingerprint of={second.fingerprint} />
              <span class="quiet">
                issued <Time at={second.issuedAt} />
              </span>
            </p>
          )}
        </Step>
        <Step number={2} at={at} title="See it used">
          {at >= 2 && (
            <p role="status" class="page-actions">
              {used ? (
                <Lamp state="online" word={`${device} has connected with the second`} />
              ) : (
                <>
                  <Lamp state="never" word="waiting" />
                  <span class="quiet">Install it on {device} and let it connect again.</span>
                </>
              )}
            </p>
          )}
        </Step>
        <Step number={3} at={at} title="Revoke the first">
          {revoked.value !== undefined ? (
            <RevocationEvents device={device} fingerprint={first.fingerprint} from={revoked.value} />
          ) : (
            at === 3 && (
              <div class="form">
                {revoking.problem.value && <ProblemNote problem={revoking.problem.value} />}
                <p class="quiet">Nobody uses it any more. It is never made valid again.</p>
                <div>
                  <Button
                    kind="danger"
                    label={`Revoke ${shortFingerprint(first.fingerprint)}`}
                    needs="admin"
                    busy={revoking.busy.value}
                    onPress={() => void revoking.run(revoke)}
                  />
                </div>
              </div>
            )
          )}
        </Step>
      </ol>
      <div class="dialog-actions">
        <Button label={at === 4 ? 'Done' : 'Go on later'} onPress={onClose} />
      </div>
    </Dialog>
  );
}

function Step(props: {
  readonly number: number;
  /** The step that is to be done now. */
  readonly at: number;
  readonly title: string;
  readonly children: ComponentChildren;
}) {
  const { number, at, title, children } = props;
  const state = number < at ? 'done' : number === at ? 'now' : 'later';
  return (
    <li class="step" data-state={state} aria-current={state === 'now' ? 'step' : undefined}>
      <span class="step-mark" aria-hidden="true">
        {state === 'done' ? <Icon name="check" /> : number}
      </span>
      <div class="form">
        <h3>
          {title}
          {state === 'done' && <span class="spoken">, done</span>}
        </h3>
        {children}
      </div>
    </li>
  );
}

/** The newest certificate that the device got after the first one, and that counts. */
function secondOf(items: readonly Certificate[], first: RotateCertificateProps['first']): Certificate | undefined {
  return items.findLast(
    ({ state, fingerprint, issuedAt }) =>
      state === 'active' && fingerprint !== first.fingerprint && Date.parse(issuedAt) >= Date.parse(first.issuedAt),
  );
}

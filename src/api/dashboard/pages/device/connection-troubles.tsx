import { useSignal } from '@preact/signals';
import { Banner } from '../../components/banner.js';
import { Button } from '../../components/button.js';
import { Time } from '../../components/time.js';
import { counted } from '../../format/numbers.js';
import { refusalWords } from '../../format/refusals.js';
import { IssueCertificate } from '../certificates/issue-certificate.js';
import { isContested, type Device } from './device-state.js';

/** Why the device does not get through, or gets through in turns with another (failures 2 and 3). */
export function ConnectionTroubles({ device }: { readonly device: Device }) {
  return (
    <>
      <Refused device={device} />
      <Contested device={device} />
    </>
  );
}

function Refused({ device: { refusedConnects } }: { readonly device: Device }) {
  if (!refusedConnects) return null;
  const { count, code, address, lastAt } = refusedConnects;
  return (
    <Banner tone="bad">
      <strong>{counted(count, 'connect')} refused in 5 min</strong>, the last <Time at={lastAt} /> from{' '}
      <code>{address}</code>. {refusalWords(code)} <a href={`/docs/errors/${code}`}>{code}</a>
    </Banner>
  );
}

function Contested({ device }: { readonly device: Device }) {
  const issuing = useSignal(false);
  const { takenOver } = device;
  if (!takenOver || !isContested(device)) return null;
  return (
    <Banner tone="bad">
      <p>
        <strong>Taken over {counted(takenOver.count, 'time')} in 5 min</strong>, from{' '}
        {takenOver.addresses.map((address, index) => (
          <>
            {index > 0 && (index === takenOver.addresses.length - 1 ? ' and ' : ', ')}
            <code>{address}</code>
          </>
        ))}
        . Two devices seem to share one certificate and throw each other out: register the other one, and issue it a
        second certificate.
      </p>
      <p class="page-actions">
        <Button label="Issue a second certificate" needs="admin" onPress={() => (issuing.value = true)} />
      </p>
      {issuing.value && <IssueCertificate onIssued={() => undefined} onClose={() => (issuing.value = false)} />}
    </Banner>
  );
}

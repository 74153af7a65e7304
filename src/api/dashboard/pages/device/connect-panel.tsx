import { useSignal } from '@preact/signals';
import { Code } from '../../components/code.js';
import { Lamp } from '../../components/lamp.js';
import { Loaded } from '../../components/loaded.js';
import { Panel } from '../../components/panel.js';
import { Segmented } from '../../components/segmented.js';
import { Button } from '../../components/button.js';
import type { JournalEvent } from '../../data/live.js';
import { describeEvent } from '../../format/events.js';
import { refusalWords } from '../../format/refusals.js';
import { grouped } from '../../format/numbers.js';
import { IssueCertificate } from '../certificates/issue-certificate.js';
import { useSystem, type SystemStatus } from '../health/system.js';
import { CONNECT_KINDS, connectLines, type ConnectKind } from './connect-lines.js';
import type { Device } from './device-state.js';

export interface ConnectPanelProps {
  readonly device: Device;
  /** The newest first. */
  readonly events: readonly JournalEvent[];
  /** Whether the lines are shown at once. */
  readonly open: boolean;
}

type Proof = 'certificate' | 'token';

/** Ready-made lines, and a lamp that turns green on the first accepted message. */
export function ConnectPanel({ device, events, open }: ConnectPanelProps) {
  const system = useSystem();
  const shown = useSignal(open);
  return (
    <Panel
      title="Connect this device"
      note={
        <Button
          kind="quiet"
          label={shown.value ? 'Hide' : 'Show the lines'}
          onPress={() => (shown.value = !shown.value)}
        />
      }
    >
      <FirstMessage device={device} events={events} />
      {shown.value && (
        <Loaded of={system} lines={2}>
          {({ mqtt }) => <Lines device={device.id} mqtt={mqtt} first={open} />}
        </Loaded>
      )}
    </Panel>
  );
}

function Lines(props: { readonly device: string; readonly mqtt: SystemStatus['mqtt']; readonly first: boolean }) {
  const { device, mqtt, first } = props;
  const kind = useSignal<ConnectKind>('mosquitto');
  const proof = useSignal<Proof>(mqtt.mqttsPort === null ? 'token' : 'certificate');
  const issuing = useSignal(false);
  const port = proof.value === 'certificate' ? mqtt.mqttsPort : mqtt.plainPort;
  return (
    <div class="form">
      <Segmented<Proof>
        label="Proof"
        options={[
          { value: 'certificate', word: 'certificate' },
          { value: 'token', word: 'token' },
        ]}
        value={proof.value}
        onChange={(value) => (proof.value = value)}
      />
      {port === null ? (
        <p class="quiet">
          {proof.value === 'certificate'
            ? 'The listener for mutual TLS is off: MQTTS_PORT sets it.'
            : 'The listener for tokens is off, as it is by default: its traffic is not encrypted. MQTT_PORT sets it.'}
        </p>
      ) : (
        <>
          {proof.value === 'certificate' ? (
            <p class="page-actions">
              <span>1. Get the device's files</span>
              <Button
                kind={first ? 'primary' : 'secondary'}
                label="Issue a certificate"
                needs="admin"
                onPress={() => (issuing.value = true)}
              />
              <a href="/ca.pem" download="ca.pem">
                ca.pem
              </a>
            </p>
          ) : (
            <p>
              1. Create a token under <em>Tokens</em>, and put it into the environment: <code>export TOKEN=…</code>
            </p>
          )}
          <p>2. Send a message</p>
          <Segmented
            label="Client"
            options={CONNECT_KINDS}
            value={kind.value}
            onChange={(value) => (kind.value = value)}
          />
          <Code
            label="the lines"
            text={connectLines(kind.value, {
              device,
              host: mqtt.host,
              port,
              proof: proof.value,
              metric: 'temperature',
            })}
          />
        </>
      )}
      {issuing.value && (
        <IssueCertificate device={device} onClose={() => (issuing.value = false)} onIssued={() => undefined} />
      )}
    </div>
  );
}

function FirstMessage({ device, events }: Pick<ConnectPanelProps, 'device' | 'events'>) {
  const last = events.find(({ type }) => type === 'TelemetryRecorded' || type === 'MessageRejected');
  if (last?.type === 'MessageRejected') {
    return (
      <p class="page-actions" role="status">
        <Lamp state="silent" word="refused" />
        <span class="quiet">{describeEvent(last).detail}</span>
      </p>
    );
  }
  if (last === undefined && device.lastAcceptedAt === null && device.refusedConnects) {
    return (
      <p class="page-actions" role="status">
        <Lamp state="silent" word="refused" />
        <span class="quiet">{refusalWords(device.refusedConnects.code)}</span>
      </p>
    );
  }
  if (last === undefined && device.lastAcceptedAt === null) {
    return (
      <p class="page-actions" role="status">
        <Lamp state="never" word="waiting for the first message" />
      </p>
    );
  }
  return (
    <p class="page-actions" role="status">
      <Lamp state="online" word="accepted" />
      {last && (
        <span class="quiet">
          sequence {grouped(last.sequence)}: {describeEvent(last).detail}
        </span>
      )}
    </p>
  );
}

import { useSignal } from '@preact/signals';
import { Code } from '../../components/code.js';
import { Lamp } from '../../components/lamp.js';
import { Loaded } from '../../components/loaded.js';
import { Panel } from '../../components/panel.js';
import { Segmented } from '../../components/segmented.js';
import { Button } from '../../components/button.js';
import type { JournalEvent } from '../../data/live.js';
import { describeEvent } from '../../format/events.js';
import { grouped } from '../../format/numbers.js';
import { IssueCertificate } from '../certificates/issue-certificate.js';
import { useSystem } from '../health/system.js';
import { CONNECT_KINDS, connectLines, type ConnectKind } from './connect-lines.js';
import type { Device } from './device-state.js';

export interface ConnectPanelProps {
  readonly device: Device;
  /** The newest first. */
  readonly events: readonly JournalEvent[];
  /** Whether the lines are shown at once. */
  readonly open: boolean;
}

/** Ready-made lines, and a lamp that turns green on the first accepted message. */
export function ConnectPanel({ device, events, open }: ConnectPanelProps) {
  const system = useSystem();
  const kind = useSignal<ConnectKind>('mosquitto');
  const shown = useSignal(open);
  const issuing = useSignal(false);
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
          {({ mqtt }) =>
            mqtt.mqttsPort === null ? (
              <p class="quiet">The listener for mutual TLS is off: MQTTS_PORT sets it.</p>
            ) : (
              <div class="form">
                <p class="page-actions">
                  <span>1. Get the device's files</span>
                  <Button
                    kind={open ? 'primary' : 'secondary'}
                    label="Issue a certificate"
                    needs="admin"
                    onPress={() => (issuing.value = true)}
                  />
                  <a href="/ca.pem" download="ca.pem">
                    ca.pem
                  </a>
                </p>
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
                    device: device.id,
                    host: mqtt.host,
                    port: mqtt.mqttsPort,
                    metric: 'temperature',
                  })}
                />
              </div>
            )
          }
        </Loaded>
      )}
      {issuing.value && (
        <IssueCertificate device={device.id} onClose={() => (issuing.value = false)} onIssued={() => undefined} />
      )}
    </Panel>
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

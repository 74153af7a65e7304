import type { ComponentChildren } from 'preact';
import { Badge } from '../../components/badge.js';
import { Copyable } from '../../components/copy.js';
import { Fact } from '../../components/fact.js';
import { Lamp } from '../../components/lamp.js';
import { Time } from '../../components/time.js';
import type { Schema } from '../../data/client.js';
import type { JournalEvent } from '../../data/live.js';
import { describeCredential } from './credentials.js';
import { grouped } from '../../format/numbers.js';
import { duration } from '../../format/times.js';
import { later, lampOf, SKEW_MS, type Device } from './device-state.js';

export interface DeviceHeaderProps {
  readonly device: Device;
  readonly latest: Schema<'LatestTelemetry'> | undefined;
  readonly certificates: readonly Schema<'Certificate'>[] | undefined;
  /** The newest event of its stream that this page has seen. */
  readonly newest: JournalEvent | undefined;
}

/** Events that a message of the device has caused. */
const MESSAGE = /^(TelemetryRecorded|DeviceEventRecorded|MessageRejected)$/;

/** Who the device is, how its connection is, and how far its stream. */
export function DeviceHeader({ device, latest, certificates, newest }: DeviceHeaderProps) {
  const { connection } = device;
  const lamp = lampOf(device);
  const accepted = latest?.items.reduce<string | undefined>(
    (newest, { recordedAt }) => later(newest, recordedAt),
    undefined,
  );
  const seen = newest && MESSAGE.test(newest.type) ? newest.recordedAt : undefined;
  const last = later(later(accepted, device.lastRejectedAt), later(device.lastMessageAt, seen));
  const skew = latest?.skewMs ?? 0;
  return (
    <dl class="facts panel panel-padded">
      <Fact title="State" wide>
        <Lamp state={lamp.state} {...(lamp.word !== undefined && { word: lamp.word })} />{' '}
        <span class="quiet">
          {lamp.reason} {lamp.since && <Time at={lamp.since} />}
        </span>
      </Fact>
      <Fact title="Last message">{timeOr(last, 'none yet')}</Fact>
      <Fact title="Last accepted message">{timeOr(accepted, 'none yet')}</Fact>
      <Fact title="Sequence">{newest === undefined ? '–' : <code>{grouped(newest.sequence)}</code>}</Fact>
      <Fact title="Session">
        {connection.sessionEpoch === 0 ? '–' : <code>{grouped(connection.sessionEpoch)}</code>}
      </Fact>
      <Fact title="Address">{connection.address ?? '–'}</Fact>
      <Fact title="Credential" wide>
        {describeCredential(connection.credential ?? undefined, certificates)}
      </Fact>
      {Math.abs(skew) > SKEW_MS && (
        <Fact title="Clock">
          <Badge tone="warn">
            {duration(Math.abs(skew))} {skew > 0 ? 'ahead' : 'behind'}
          </Badge>
        </Fact>
      )}
      {device.via.length > 0 && <Fact title="Through">{device.via.join(', ')}</Fact>}
      <Fact title="Registered">
        <Time at={device.registeredAt} />
      </Fact>
    </dl>
  );
}

function timeOr(time: string | undefined, otherwise: string): ComponentChildren {
  return time === undefined ? otherwise : <Time at={time} />;
}

/** The id, with the words that belong to it. */
export function DeviceTitle({ device }: { readonly device: Device }) {
  return (
    <span class="page-actions">
      <Copyable text={device.id} />
      {device.type !== undefined && <Badge>{device.type}</Badge>}
      {device.gateway && <Badge>gateway</Badge>}
      {device.tags.map((tag) => (
        <Badge key={tag}>{tag}</Badge>
      ))}
    </span>
  );
}

import type { ComponentChildren } from 'preact';
import { Badge } from '../../components/badge.js';
import { Banner } from '../../components/banner.js';
import { Copyable } from '../../components/copy.js';
import { Fact } from '../../components/fact.js';
import { Lamp } from '../../components/lamp.js';
import { Time } from '../../components/time.js';
import type { Schema } from '../../data/client.js';
import { describeCredential } from './credentials.js';
import { counted, grouped } from '../../format/numbers.js';
import { duration } from '../../format/times.js';
import { later, lampOf, type Device } from './device-state.js';

export interface DeviceHeaderProps {
  readonly device: Device;
  readonly latest: Schema<'LatestTelemetry'> | undefined;
  readonly certificates: readonly Schema<'Certificate'>[] | undefined;
  /** The newest sequence of its stream that this page has seen. */
  readonly sequence: number | undefined;
}

/** A clock that is wrong by more is worth a badge. */
const SKEW_MS = 2_000;

/** Who the device is, how its connection is, and how far its stream. */
export function DeviceHeader({ device, latest, certificates, sequence }: DeviceHeaderProps) {
  const { connection } = device;
  const lamp = lampOf(device);
  const accepted = latest?.items.reduce<string | undefined>(
    (newest, { recordedAt }) => later(newest, recordedAt),
    undefined,
  );
  const skew = latest?.skewMs ?? 0;
  return (
    <dl class="facts panel panel-padded">
      <Fact title="State">
        <Lamp state={lamp.state} {...(lamp.word !== undefined && { word: lamp.word })} />{' '}
        <span class="quiet">
          {lamp.reason} {lamp.since && <Time at={lamp.since} />}
        </span>
      </Fact>
      <Fact title="Last message">{timeOr(later(accepted, device.lastRejectedAt), 'none yet')}</Fact>
      <Fact title="Last accepted message">{timeOr(accepted, 'none yet')}</Fact>
      <Fact title="Sequence">{sequence === undefined ? '–' : <code>{grouped(sequence)}</code>}</Fact>
      <Fact title="Session">
        {connection.sessionEpoch === 0 ? '–' : <code>{grouped(connection.sessionEpoch)}</code>}
      </Fact>
      <Fact title="Address">{connection.address ?? '–'}</Fact>
      <Fact title="Credential">{describeCredential(connection.credential ?? undefined, certificates)}</Fact>
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

/** Messages arrive, and are refused: what a lamp alone would hide. */
export function RejectionBanner(props: {
  readonly rejection: Schema<'SystemActivity'>['rejections'][number];
  readonly onShow: () => void;
}) {
  const { count, pointer, detail, code } = props.rejection;
  return (
    <Banner tone="bad">
      <strong>{counted(count, 'message')} rejected in 5 min</strong>: {pointer && <code>{pointer}</code>} {detail}{' '}
      <a href={`/docs/errors/${code}`}>{code}</a>.{' '}
      <button type="button" class="link-accent" onClick={props.onShow}>
        Show them as received
      </button>
    </Banner>
  );
}

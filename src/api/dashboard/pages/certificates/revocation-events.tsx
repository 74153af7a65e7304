import { Lamp } from '../../components/lamp.js';
import { Loaded } from '../../components/loaded.js';
import { Timeline } from '../../components/timeline.js';
import { get, type Schema } from '../../data/client.js';
import { useResource } from '../../data/resource.js';
import { grouped } from '../../format/numbers.js';

const EVERY_MS = 500;

interface Seen {
  readonly device: Schema<'Device'>;
  readonly events: readonly Schema<'Event'>[];
}

/** The revocation in the device's stream, and the end of the connection that it causes. */
export function RevocationEvents(props: {
  readonly device: string;
  readonly fingerprint: string;
  /** Sequence of the `CertificateRevoked`. */
  readonly from: number;
}) {
  const { device, fingerprint, from } = props;
  const path = { deviceId: device };
  const seen = useResource<Seen>(
    async (signal) => {
      const [known, { items }] = await Promise.all([
        get('/api/v1/devices/{deviceId}', { path, signal }),
        get('/api/v1/devices/{deviceId}/events', {
          path,
          query: { from: String(from), types: 'CertificateRevoked,DeviceDisconnected' },
          signal,
        }),
      ]);
      return { device: known, events: items };
    },
    [device, from],
    EVERY_MS,
  );
  return (
    <Loaded of={seen} lines={2}>
      {({ device: { connection }, events }) => {
        const ended = events.find(
          ({ type, payload }) =>
            type === 'DeviceDisconnected' && (payload as { reason?: string }).reason === 'CREDENTIAL_REVOKED',
        );
        const waiting = connection.connected && connection.credential === fingerprint;
        return (
          <>
            <p role="status">
              {ended ? (
                <Lamp state="disabled" word={`disconnected at sequence ${grouped(ended.sequence)}`} />
              ) : waiting ? (
                <Lamp state="silent" word="waiting for the connection to end" />
              ) : (
                <Lamp state="offline" word={`${device} was not connected with it`} />
              )}
            </p>
            <Timeline label="What the journal says" events={events.toReversed()} place="sequence" />
          </>
        );
      }}
    </Loaded>
  );
}

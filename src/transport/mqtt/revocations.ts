import type { DeviceEvent, DisconnectReason } from '../../actors/device/events.js';
import type { RecordedEvent, Subscriber } from '../../actors/kernel/ports/journal.js';
import { parseStreamKey } from '../../actors/kernel/stream-key.js';
import { closeConnection } from './connection.js';
import type { Attendance, LiveConnections } from './live-connections.js';

/**
 * Live reader of the journal, on every node: closes connections whose right has ended (SEC-05) and those that another node has
 * taken over or ended. A node that starts has no connection, so it is run from the head and keeps no place.
 */
export function createRevocations(live: LiveConnections): Subscriber {
  return {
    name: 'sessions',
    checkpoint: () => Promise.resolve(0),
    handle(_shard, events) {
      for (const event of events) closeConcerned(live, event);
    },
  };
}

function closeConcerned(live: LiveConnections, event: RecordedEvent): void {
  // First what nearly every event fails: nobody is looked up for a message (bench `ingest`).
  const concernOf = CONCERNS.get(event.type);
  if (concernOf === undefined) return;
  const { concept, tenant, id } = parseStreamKey(event.stream);
  if (concept !== 'device' || id === undefined) return;
  const attendances = live.of({ tenant, device: id });
  if (attendances.length === 0) return;
  const concern = concernOf(JSON.parse(event.payload.toString()) as Readonly<Record<string, unknown>>);
  if (concern === undefined) return;
  for (const attendance of attendances) {
    if (event.sequence > attendance.sequence && concern.test(attendance))
      closeConnection(attendance.connection, concern.reason);
  }
}

interface Concern {
  readonly reason: DisconnectReason;
  test(attendance: Attendance): boolean;
}

type ConcernOf = (payload: Readonly<Record<string, unknown>>) => Concern | undefined;

/** A token's id is unknown while its connection is being admitted: that one is closed too, and comes back. */
const holds = (credential: unknown): Concern => ({
  reason: 'CREDENTIAL_REVOKED',
  test: (attendance) => attendance.credential === undefined || attendance.credential === credential,
});

/** Whom an event concerns, by its type and from its payload. */
const CONCERNS: ReadonlyMap<string, ConcernOf> = new Map<DeviceEvent['type'], ConcernOf>([
  ['CertificateRevoked', ({ fingerprint }) => holds(fingerprint)],
  ['TokenRevoked', ({ tokenId }) => holds(tokenId)],
  ['DeviceDisabled', () => ({ reason: 'DEVICE_DISABLED', test: () => true })],
  ['DeviceDeleted', () => ({ reason: 'DEVICE_DELETED', test: () => true })],
  [
    'DeviceDisconnected',
    // Another node took this one for dead, as after a pause of minutes: the journal has the last word, and the device comes back.
    ({ reason, sessionEpoch }) =>
      reason === 'SERVER_LOST' ? { reason, test: ({ sessionEpoch: own }) => own === sessionEpoch } : undefined,
  ],
  [
    'DeviceConnected',
    ({ sessionEpoch }) => ({
      reason: 'TAKEN_OVER',
      test: ({ sessionEpoch: own }) => own > 0 && own < Number(sessionEpoch),
    }),
  ],
]);

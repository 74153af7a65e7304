import { deviceCodec } from '../../../src/actors/device/codec.js';
import { deviceStream, type DeviceEvent, type DeviceProfile } from '../../../src/actors/device/events.js';
import type { RecordedEvent, Subscriber } from '../../../src/actors/kernel/ports/journal.js';

export const PROFILE: DeviceProfile = { attributes: {}, tags: [], groups: [], via: [], gateway: false };
export const decode = ({ type, schemaVersion, payload, occurredAt }: RecordedEvent) =>
  deviceCodec.decode(type, schemaVersion, payload, occurredAt);

export const registered = (id: string, profile: Partial<DeviceProfile> = {}, occurredAt = 1_000): DeviceEvent => ({
  ...{ type: 'DeviceRegistered', occurredAt, data: { id, enabled: true, profile: { ...PROFILE, ...profile } } },
});
export const connected = (sessionEpoch: number, credential = 'f', life = 'first'): DeviceEvent => ({
  type: 'DeviceConnected',
  data: {
    ...{ sessionEpoch, clientId: 'c', address: '127.0.0.1', listener: 'mqtts', protocolLevel: 4 },
    ...{ keepAlive: 60, cleanSession: true, credential, node: 'n1', life },
  },
});
export const disconnected = (sessionEpoch: number): DeviceEvent => ({
  type: 'DeviceDisconnected',
  data: { sessionEpoch, reason: 'CONNECTION_LOST' },
});
export const tokenIssued = (tokenId: string, sha256: string): DeviceEvent => ({
  type: 'TokenIssued',
  data: { tokenId, sha256 },
});
export const telemetry: DeviceEvent = { type: 'TelemetryRecorded', data: { values: { temperature: 1 }, ts: 1 } };

/** Shard 0 of a journal, in memory. */
export function createShard() {
  const events: RecordedEvent[] = [];
  const sequences = new Map<string, number>();
  return {
    events,
    add: (tenant: string, device: string, ...added: DeviceEvent[]) => {
      const stream = deviceStream(tenant, device);
      for (const event of added) {
        const sequence = (sequences.get(stream) ?? 0) + 1;
        sequences.set(stream, sequence);
        const position = events.length + 1;
        const occurredAt = event.occurredAt ?? position;
        const encoded = {
          type: event.type,
          schemaVersion: deviceCodec.versionOf(event.type),
          payload: deviceCodec.encode(event),
        };
        events.push({
          ...encoded,
          shard: 0,
          position,
          stream,
          sequence,
          occurredAt,
          recordedAt: position,
          metadata: Buffer.from('{}'),
        });
      }
    },
  };
}

/** Runs a subscriber over the shard as a subscription does, from its checkpoint on. */
export async function runOver(
  subscriber: Subscriber,
  { events }: Pick<ReturnType<typeof createShard>, 'events'>,
  batch = 1_000,
): Promise<void> {
  for (
    let position = await subscriber.checkpoint(0);
    position < events.length;
    position = Math.min(position + batch, events.length)
  ) {
    await subscriber.handle(0, events.slice(position, position + batch));
  }
}

import { useEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { useLocation, useRoute } from 'preact-iso/router';
import { Button } from '../../components/button.js';
import { Loaded } from '../../components/loaded.js';
import { PauseButton } from '../../components/pause-button.js';
import { get } from '../../data/client.js';
import { now } from '../../data/clock.js';
import { useEventTail } from '../../data/event-tail.js';
import { paused } from '../../data/live.js';
import { useResource, type Resource } from '../../data/resource.js';
import { fleetlogLine } from '../../format/commands.js';
import { Page } from '../../frame/page.js';
import { withQuery } from '../../frame/query.js';
import { ConnectPanel } from './connect-panel.js';
import { ConnectionTroubles } from './connection-troubles.js';
import { ConnectionsPanel } from './connections-panel.js';
import { CredentialsPanel } from './credentials-panel.js';
import { DeviceHeader, DeviceTitle } from './device-header.js';
import type { Device } from './device-state.js';
import { DeviceTokens } from './device-tokens.js';
import { EditDevice } from './edit-device.js';
import { EventsPanel } from './events-panel.js';
import { readNewest } from './newest-events.js';
import { RejectionBanner } from './rejection-banner.js';
import { TelemetryPanel } from './telemetry-panel.js';

/** Events that change what the registry says of a device. */
const REGISTRY = /^(Device(?!EventRecorded)|Certificate|Token|MessageRejected)/;

/** Refused connects are no events: they are seen by reading the device again. */
const EVERY_MS = 3000;

export function DevicePage() {
  const { params } = useRoute();
  const id = params['id'] ?? '';
  const path = { path: { deviceId: id } };
  const device = useResource((signal) => get('/api/v1/devices/{deviceId}', { ...path, signal }), [id], EVERY_MS);
  const editing = useSignal(false);
  const { data } = device.reading.value;
  return (
    <Page
      title={id}
      heading={data && <DeviceTitle device={data} />}
      lead={data?.name}
      actions={
        data && (
          <>
            <PauseButton />
            <Button icon="edit" label="Edit" needs="admin" onPress={() => (editing.value = true)} />
          </>
        )
      }
      outside={{
        question: { path: `/api/v1/devices/${encodeURIComponent(id)}` },
        fleetlog: fleetlogLine(['device', 'get', id]),
      }}
    >
      <Loaded of={device} lines={6}>
        {(known) => <DevicePanels key={id} device={known} resource={device} />}
      </Loaded>
      {editing.value && data && (
        <EditDevice
          device={data}
          onSaved={(saved) => device.replace(() => saved)}
          onClose={() => (editing.value = false)}
        />
      )}
    </Page>
  );
}

function DevicePanels({ device, resource }: { readonly device: Device; readonly resource: Resource<Device> }) {
  const { route } = useLocation();
  const path = { path: { deviceId: device.id } };
  const latest = useResource(
    (signal) => get('/api/v1/devices/{deviceId}/telemetry/latest', { ...path, signal }),
    [device.id],
    2000,
  );
  const certificates = useResource(
    (signal) => get('/api/v1/devices/{deviceId}/certificates', { ...path, signal }),
    [device.id],
  );
  const newest = useResource((signal) => readNewest(device, signal), [device.id]);
  const history = newest.reading.value.data;
  const tail = useEventTail(
    {
      query: { device: device.id },
      after: history?.after,
      ready: history !== undefined,
      onLost: () => void newest.reload(),
      onEvents(events) {
        if (!events.some(({ type }) => REGISTRY.test(type))) return;
        void resource.reload();
        void certificates.reload();
      },
    },
    [device.id],
  );
  useEffect(() => {
    if (history) tail.begin(history.events);
  }, [history]);
  const events = tail.events.value;
  // What is paused stands still: the chart's right end, too.
  const shownNow = useRef(now.value);
  if (!paused.value) shownNow.current = now.value;
  const neverConnected = device.connection.sessionEpoch === 0;
  const connect = <ConnectPanel device={device} events={events} open={neverConnected} />;
  return (
    <>
      <RejectionBanner device={device} onShow={() => route(withQuery({ kinds: 'rejected' }), true)} />
      <ConnectionTroubles device={device} />
      <DeviceHeader
        device={device}
        latest={latest.reading.value.data}
        certificates={certificates.reading.value.data?.items}
        newest={events[0]}
      />
      {neverConnected && connect}
      <TelemetryPanel device={device.id} latest={latest.reading.value.data} events={events} now={shownNow.current} />
      <div class="columns">
        <EventsPanel device={device.id} tail={tail} />
        <div class="stack">
          <CredentialsPanel device={device} certificates={certificates} />
          <DeviceTokens device={device.id} />
          <ConnectionsPanel device={device} />
          {!neverConnected && connect}
        </div>
      </div>
    </>
  );
}

import type { DeviceProfile } from '../../actors/device/events.js';
import { deviceStream } from '../../actors/device/events.js';
import type { DeviceState } from '../../actors/device/state.js';
import type { AuditLog } from '../../actors/kernel/ports/access.js';
import {
  STILL_THERE,
  type DeviceListQuery,
  type DeviceSort,
  type DeviceSummary,
  type RefusedConnects,
} from '../../actors/kernel/ports/device-index.js';
import type { Journal } from '../../actors/kernel/ports/journal.js';
import type { ActivityMonitor } from '../system/activity.js';
import { sendJson, textParameter, type Call, type Handlers } from '../call.js';
import { decodeCursor, encodeCursor, refuseCursor } from '../request/cursor.js';
import { deviceFilter } from '../events/filter.js';
import { boundRevision, etagOf, mayChange, namesRevision } from '../request/etag.js';
import { sendPage } from '../request/page.js';
import { pathsOfPatch, type Paths } from '../request/changed-paths.js';
import { Refusal } from '../problem.js';
import { versionConflict } from '../request/version-conflict.js';
import { deviceJson, liveDeviceJson, summaryJson } from './device-json.js';
import { commandDevice, readRegistered, reasonOf, streamOfPath, type DeviceRouteOptions } from './registered-device.js';

type CreateDevice = Partial<DeviceProfile> & { readonly id: string; readonly enabled?: boolean };
type Sort = DeviceListQuery['sort'];

/** What a device has sent, accepted or refused. */
const MESSAGES = ['TelemetryRecorded', 'DeviceEventRecorded', 'MessageRejected'];

export interface DevicesRouteOptions extends DeviceRouteOptions {
  readonly journal: Pick<Journal, 'lastRecordedAt'>;
  readonly activity: Pick<ActivityMonitor, 'ofDevice'>;
  readonly refusedConnects: RefusedConnects;
  readonly audit: AuditLog;
}

/** `/devices` and `/devices/{deviceId}`. */
export function deviceHandlers(options: DevicesRouteOptions): Handlers {
  const answerDevice = async (call: Call, status: number): Promise<void> => {
    const { body, revision } = await readRegistered(options, call, answerOf);
    call.response.set('ETag', etagOf(revision));
    sendJson(call, status, body);
  };

  return {
    async listDevices(call) {
      const { tenant } = call.access;
      const { search, state, filter, sort, limit, cursor, count } = call.parameters as ListParameters;
      const binding = ['devices', tenant, search ?? null, filter ?? null, sort, state ?? null];
      const wanted = {
        tenant,
        sort,
        ...(search === undefined ? {} : { search }),
        ...(state === undefined ? {} : { state }),
      };
      const after = cursor === undefined ? undefined : readPlace(decodeCursor(binding, cursor));
      const { items, last, looked } = await findDevices(options.deviceIndex, wanted, filter, limit, after);
      const next = last === undefined ? null : encodeCursor(binding, placeOf(last, sort));
      const estimate =
        count === undefined
          ? {}
          : { estimate: estimateOf(await options.deviceIndex.countMatching(wanted), items.length, looked) };
      sendPage(call, items.map(summaryJson), { next, ...estimate });
    },

    async createDevice(call) {
      const { id, enabled = true, ...given } = call.body as CreateDevice;
      const profile = { attributes: {}, tags: [], groups: [], via: [], gateway: false, ...given };
      const stream = deviceStream(call.access.tenant, id);
      await commandDevice(options, call, stream, { type: 'RegisterDevice', id, profile, enabled });
      const { body, revision } = await options.devices.query(stream, answerOf);
      call.response.set({ ETag: etagOf(revision), Location: `/api/v1/devices/${id}` });
      sendJson(call, 201, body);
    },

    async getDevice(call) {
      const { body, revision } = await readRegistered(options, call, answerOf);
      const known = (call.parameters as { readonly 'If-None-Match'?: string })['If-None-Match'];
      call.response.set('ETag', etagOf(revision));
      if (known !== undefined && namesRevision(known, revision, true)) call.response.status(304).end();
      else sendJson(call, 200, { ...body, ...(await liveDevice(options, call)) });
    },

    async patchDevice(call) {
      const patch = call.body as Readonly<Record<string, unknown>>;
      await changeRevision(options, call, pathsOfPatch(patch), (ifRevision) => ({
        type: 'UpdateDevice',
        patch,
        ...ifRevision,
      }));
      await answerDevice(call, 200);
    },

    async deleteDevice(call) {
      const reason = reasonOf(call);
      await changeRevision(options, call, [''], (ifRevision) => ({
        type: 'DeleteDevice',
        ...(reason === undefined ? {} : { reason }),
        ...ifRevision,
      }));
      call.response.status(204).end();
    },
  };
}

/** What the stream of a device and this node know of it beyond its state. */
async function liveDevice(options: DevicesRouteOptions, call: Call): Promise<object> {
  const { tenant } = call.access;
  const device = textParameter(call, 'deviceId');
  const { rejections, takenOver } = options.activity.ofDevice(tenant, device);
  return liveDeviceJson({
    lastMessageAt: await options.journal.lastRecordedAt(streamOfPath(call), MESSAGES),
    recentRejections: rejections,
    refusedConnects: options.refusedConnects.of(tenant, device),
    takenOver,
  });
}

/** Devices that a filter looks at in one request. */
const MAX_SCANNED = 5_000;
const SCAN_CHUNK = 250;

interface Found {
  readonly items: readonly DeviceSummary[];
  /** The page's last device, or the last that was looked at, when there may be more. */
  readonly last: DeviceSummary | undefined;
  /** How many devices were looked at for it. */
  readonly looked: number;
}

/** How many devices of all pages will match, reckoned from those that were looked at: exact where each of them matched. */
function estimateOf(total: number, matched: number, looked: number): number {
  return looked === 0 ? 0 : Math.round((total * matched) / looked);
}

async function findDevices(
  index: DeviceRouteOptions['deviceIndex'],
  wanted: Omit<DeviceListQuery, 'limit' | 'after'>,
  filter: string | undefined,
  limit: number,
  begin: Place | undefined,
): Promise<Found> {
  const matches = filter === undefined ? () => true : deviceFilter(filter);
  const chunk = filter === undefined ? limit + 1 : SCAN_CHUNK;
  const items: DeviceSummary[] = [];
  let after = begin;
  let looked = 0;
  for (let scanned = 0; ; scanned += chunk) {
    const rows = await index.list({ ...wanted, limit: chunk, ...(after === undefined ? {} : { after }) });
    for (const row of rows) {
      const isMatch = matches(row);
      if (isMatch && items.length === limit) return { items, last: items.at(-1), looked };
      looked += 1;
      if (isMatch) items.push(row);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < chunk) return { items, last: undefined, looked };
    if (scanned + chunk >= MAX_SCANNED) return { items, last, looked };
    after = placeOf(last, wanted.sort);
  }
}

interface ListParameters {
  readonly search?: string;
  readonly filter?: string;
  readonly sort: Sort;
  readonly state?: NonNullable<DeviceListQuery['state']>;
  readonly limit: number;
  readonly cursor?: string;
  readonly count?: 'estimate';
}

/** Events that change a registry entry. */
const CHANGES = ['DeviceRegistered', 'DeviceUpdated', 'DeviceEnabled', 'DeviceDisabled', 'DeviceDeleted'];

/**
 * @param paths what the command changes
 * @throws Refusal `VERSION_CONFLICT` with the device as it is and what has changed it, when `If-Match` does not name its revision
 */
async function changeRevision(
  options: DevicesRouteOptions,
  call: Call,
  paths: Paths,
  commandFor: (ifRevision: { readonly ifRevision?: number }) => Parameters<typeof commandDevice>[3],
): Promise<void> {
  const ifMatch = (call.parameters as { readonly 'If-Match'?: string })['If-Match'];
  const stream = streamOfPath(call);
  const now = await readRegistered(options, call, answerOf);
  const conflict = ({ body: current, revision }: Answer): Promise<Refusal> => {
    const late = {
      tenant: call.access.tenant,
      stream,
      types: CHANGES,
      ifMatch: ifMatch ?? '',
      current,
      revision,
      paths,
    };
    return versionConflict(options.audit, late);
  };
  if (!mayChange(ifMatch, now.revision)) throw await conflict(now);
  try {
    await commandDevice(options, call, stream, commandFor(boundRevision(ifMatch, now.revision)));
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'VERSION_CONFLICT') throw error;
    throw await conflict(await readRegistered(options, call, answerOf));
  }
}

interface Answer {
  readonly body: object;
  readonly revision: number;
}

function answerOf(state: DeviceState): Answer {
  return { body: deviceJson(state), revision: state.revision };
}

interface Place {
  readonly value: string | number | null;
  readonly id: string;
}

function placeOf(row: DeviceSummary, sort: Sort): Place {
  const column = sort.replace('-', '') as DeviceSort;
  const value = column === 'lastSeen' ? (row.connected ? STILL_THERE : (row.disconnectedAt ?? 0)) : row[column];
  return { value, id: row.id };
}

function readPlace(place: unknown): Place {
  const { value, id } = (place ?? {}) as Partial<Place>;
  const fits = value === null || typeof value === 'string' || typeof value === 'number';
  if (!fits || typeof id !== 'string') refuseCursor();
  return { value, id };
}

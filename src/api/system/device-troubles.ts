import { createRecentSeries, type RecentSeries } from '../../actors/kernel/recent-series.js';

/** Devices remembered per tenant. */
const MAX_DEVICES = 1000;
const MAX_ADDRESSES = 5;

/** A device whose messages are being refused: what was wrong with the last one. */
export interface Rejection {
  readonly device: string;
  readonly code: string;
  readonly detail: string;
  readonly pointer?: string;
}

/** A device whose connection was taken over: where those came from that took it. Two devices with one certificate do it in turn. */
export interface TakenOver {
  readonly device: string;
  readonly addresses: readonly string[];
}

/** What goes wrong with the devices of a tenant. */
export interface DeviceTroubles {
  readonly rejections: RecentSeries<Rejection>;
  readonly takenOver: RecentSeries<TakenOver>;
  /** @param data of a `MessageRejected`, `DeviceDisconnected` or `DeviceConnected` */
  note(device: string, type: string, data: unknown, at: number): void;
}

export function createDeviceTroubles(): DeviceTroubles {
  const rejections = createRecentSeries<Rejection>(MAX_DEVICES);
  const takenOver = createRecentSeries<TakenOver>(MAX_DEVICES);
  /** Devices whose connection was just taken over: the event that follows in their stream tells by whom. */
  const taken = new Set<string>();

  return {
    rejections,
    takenOver,
    note(device, type, data, at) {
      const { code, detail, pointer, reason, address } = data as Partial<
        Rejection & { reason: string; address: string }
      >;
      if (type === 'MessageRejected') {
        const last = { device, code: code ?? '', detail: detail ?? '', ...(pointer === undefined ? {} : { pointer }) };
        rejections.note(device, at, () => last);
      } else if (type === 'DeviceDisconnected') {
        if (reason === 'TAKEN_OVER') taken.add(device);
      } else if (taken.delete(device)) {
        takenOver.note(device, at, (before) => ({
          device,
          addresses: [...new Set([address ?? '', ...(before?.addresses ?? [])])].slice(0, MAX_ADDRESSES),
        }));
      }
    },
  };
}

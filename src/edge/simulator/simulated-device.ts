import type { DeviceCredential } from './credential-folder.js';
import { connectDevice, type DeviceClient } from './device-client.js';
import { createFaultSource, type Faults } from './faults.js';
import { createRandom, seedOf } from './random.js';
import { createTelemetry, type Flaws, type ValueSource } from './telemetry.js';
import { startTicker } from './ticker.js';

/** A device that measures and sends. */
export interface SimulatedDevice {
  readonly id: string;
  readonly client: DeviceClient;
  /** Measures no more; what is measured is still sent. */
  stopMeasuring(): void;
}

/** Puts the device's whole past into its buffer, begins to connect, and measures on at `liveRate` unless that is undefined. */
export function startDevice(options: {
  readonly id: string;
  readonly source: ValueSource;
  readonly flaws?: Flaws;
  readonly credential: DeviceCredential;
  readonly mqttUrl: string;
  /** First part of every message id. */
  readonly idPrefix: string;
  readonly seed: number;
  readonly faults: Faults;
  /** Records per second. */
  readonly liveRate?: number;
  /** Ms since 1970, of the last record of the past. */
  readonly now: number;
  readonly onChange: () => void;
}): SimulatedDevice {
  const { id, source, flaws, idPrefix, seed, faults, liveRate, now } = options;
  const telemetry = createTelemetry({ deviceId: id, source, idPrefix, ...(flaws && { flaws }) });
  const random = createRandom(seedOf(seed, id));
  const client = connectDevice({
    deviceId: id,
    mqttUrl: options.mqttUrl,
    credential: options.credential,
    random,
    // Of its own seed: how often a device had to reconnect must not move its faults.
    nextFault: createFaultSource(faults, createRandom(seedOf(seed, `${id} faults`))),
    onChange: options.onChange,
  });
  for (const message of telemetry.history(now)) client.send(message);
  const stopMeasuring =
    liveRate === undefined
      ? () => undefined
      : startTicker({
          ratePerSecond: liveRate,
          // After a past the next record comes a whole step later; devices without one are spread over the first step.
          phase: source.historyLength > 0 ? 1 : random(),
          onTick: () => client.send(telemetry.live(Date.now())),
        });
  return { id, client, stopMeasuring };
}

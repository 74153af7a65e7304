import { setTimeout as delay } from 'node:timers/promises';
import type { DeviceCredential } from './credential-folder.js';
import type { DeviceStatistics } from './device-client.js';
import { enrol, register } from './enrolment.js';
import { NO_FAULTS, type Faults } from './faults.js';
import { demoFleet, madeUpFleet, weatherStations, type FleetMember } from './fleet.js';
import { loadRecording } from './recording.js';
import { createRestClient } from './rest-client.js';
import { startDevice, type SimulatedDevice } from './simulated-device.js';

export interface SimulationOptions {
  /** Base of REST, without `/api/v1`. */
  readonly url: string;
  /** API token of an admin: devices are registered and enrolled with it. */
  readonly token: string;
  /** `mqtts://host:port`, mutual TLS with the credentials of the enrolment. */
  readonly mqttUrl: string;
  /** Keys and certificates are kept in `devices/` of it. */
  readonly dataDir: string;
  /** The demo fleet with its recorded weather, or devices with made-up values at a rate per device. */
  readonly recording: 'weather' | { readonly devices: number; readonly ratePerSecond: number };
  /** Exactly one pass of the recording by the eight stations, with the same message ids in each run. @default false */
  readonly once?: boolean;
  /** Of faults, pauses and made-up values. @default 1 */
  readonly seed?: number;
  /** @default none */
  readonly faults?: Faults;
  /** While something happens, ten times a second at most, and at the end of a pass. */
  readonly onProgress?: (statistics: SimulationStatistics) => void;
  /** Ends a start that is under way. */
  readonly signal?: AbortSignal;
}

/** Sums over the devices, in records. */
export interface SimulationStatistics extends DeviceStatistics {
  /** Devices with a connection. */
  readonly connected: number;
}

export interface Simulation {
  /** Ids of all devices, also of those that never connect. */
  readonly devices: readonly string[];
  stats(): SimulationStatistics;
  /** Resolves when one pass (`once`) is acknowledged, or else when the simulation is stopped. */
  readonly finished: Promise<void>;
  /** Measures no more, waits up to 2 s for what is on its way, closes every connection. */
  stop(): Promise<void>;
}

const ENROLMENTS_AT_ONCE = 4;
/** A start without a single connection has failed. */
const FIRST_CONNECTION_MS = 30_000;
/** A device that someone disabled or whose certificate was revoked keeps the others waiting no longer than this. */
const STRAGGLERS_MS = 8_000;
const LOOK_EVERY_MS = 50;
/** A sum over all devices for each acknowledgement would cost more than the acknowledgement. */
const PROGRESS_EVERY_MS = 100;
const FLUSH_MS = 2_000;
/** 1 s = 1 recorded day. */
const RECORDED_RATE_PER_SECOND = 1;

/**
 * Registers and enrols a fleet over REST, connects it, and lets it measure. Resolves when the devices have their first
 * connection; from then on they outlive restarts of the server.
 * @throws Error with a sentence for the user when a device cannot be enrolled or none gets a connection within 30 s
 */
export async function startSimulation(options: SimulationOptions): Promise<Simulation> {
  const { url, token, mqttUrl, dataDir, recording, once = false, seed = 1, signal } = options;
  const { faults = NO_FAULTS, onProgress } = options;
  if (once && recording !== 'weather') throw new Error('Only a recording has an end: "once" goes with "weather".');
  const fleet = await fleetOf(recording, once, seed);
  const credentials = await enrolFleet(fleet, { url, token, dataDir, ...(signal && { signal }) });

  let end: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (end = resolve));
  const running: SimulatedDevice[] = [];
  const stats = (): SimulationStatistics => sumOf(running);
  let toldAt = -Infinity;
  const onChange = (): void => {
    // The whole pass was in the buffers before the first connection.
    const isPassed = once && running.every(({ client }) => client.statistics().buffered === 0);
    if (isPassed) end();
    const now = performance.now();
    if (onProgress === undefined || (!isPassed && now - toldAt < PROGRESS_EVERY_MS)) return;
    toldAt = now;
    onProgress(stats());
  };
  const stop = async (): Promise<void> => {
    for (const device of running) device.stopMeasuring();
    await Promise.all(running.map(({ client }) => client.stop(FLUSH_MS)));
    end();
  };

  try {
    const now = Date.now();
    const liveRate = recording === 'weather' ? RECORDED_RATE_PER_SECOND : recording.ratePerSecond;
    // Ids of several runs must differ, or the platform would take the second run for a repetition of the first.
    const idPrefix = once ? 'weather' : `run-${now.toString(36)}`;
    for (const { registration, source, flaws } of fleet) {
      const credential = credentials.get(registration.id);
      if (source === undefined || credential === undefined) continue;
      const { id } = registration;
      const way = { mqttUrl, credential, seed, faults, onChange, ...(!once && { liveRate }) };
      running.push(startDevice({ id, source, ...(flaws && { flaws }), idPrefix, now, ...way }));
    }
    await untilConnected(running, mqttUrl, signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return { devices: fleet.map(({ registration }) => registration.id), stats, finished, stop };
}

async function fleetOf(
  recording: SimulationOptions['recording'],
  once: boolean,
  seed: number,
): Promise<readonly FleetMember[]> {
  if (recording !== 'weather') return madeUpFleet({ devices: recording.devices, seed });
  const weather = await loadRecording('weather');
  return once ? weatherStations(weather) : demoFleet(weather);
}

/** Registers all devices and enrols those that measure, a few at once. @returns credentials by device id */
async function enrolFleet(
  fleet: readonly FleetMember[],
  options: { readonly url: string; readonly token: string; readonly dataDir: string; readonly signal?: AbortSignal },
): Promise<ReadonlyMap<string, DeviceCredential>> {
  const rest = createRestClient(options);
  const ca = await rest.text('/ca.pem');
  const credentials = new Map<string, DeviceCredential>();
  const members = [...fleet];
  const work = async (): Promise<void> => {
    for (let member = members.shift(); member !== undefined; member = members.shift()) {
      const { id } = member.registration;
      await register(rest, member.registration);
      if (member.source !== undefined) {
        credentials.set(id, await enrol(rest, { deviceId: id, dataDir: options.dataDir, ca }));
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: ENROLMENTS_AT_ONCE }, work));
  } finally {
    members.length = 0; // after a failure the others finish their device and begin no new one
  }
  return credentials;
}

async function untilConnected(
  running: readonly SimulatedDevice[],
  mqttUrl: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const started = performance.now();
  while (!running.every(({ client }) => client.isConnected())) {
    const waitedMs = performance.now() - started;
    const isAnyConnected = running.some(({ client }) => client.isConnected());
    if (isAnyConnected && waitedMs > STRAGGLERS_MS) return;
    if (waitedMs > FIRST_CONNECTION_MS) {
      const reason = running.map(({ client }) => client.lastFault()).find((fault) => fault !== undefined);
      throw new Error(`No device could connect to ${mqttUrl}: ${reason ?? 'no answer'}.`);
    }
    await delay(LOOK_EVERY_MS, undefined, signal && { signal });
  }
}

function sumOf(running: readonly SimulatedDevice[]): SimulationStatistics {
  const total = { sent: 0, acknowledged: 0, buffered: 0, dropped: 0, connected: 0 };
  for (const { client } of running) {
    const { sent, acknowledged, buffered, dropped } = client.statistics();
    total.sent += sent;
    total.acknowledged += acknowledged;
    total.buffered += buffered;
    total.dropped += dropped;
    if (client.isConnected()) total.connected++;
  }
  return total;
}

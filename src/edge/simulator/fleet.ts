import type { DeviceRegistration } from './enrolment.js';
import { createRandom, seedOf } from './random.js';
import type { Recording } from './recording.js';
import type { Flaws, ValueSource } from './telemetry.js';

/** A device of a simulation. */
export interface FleetMember {
  readonly registration: DeviceRegistration;
  /** What it measures; without it the device is registered and never connects. */
  readonly source?: ValueSource;
  readonly flaws?: Flaws;
}

/** Tag of devices that replay recorded weather: the dashboard tells the scale of their time by it. */
const RECORDED = 'recorded-weather';
const START_YEARS = [2012, 2013, 2014, 2015] as const;
const STATIONS = [
  { idPrefix: 'seattle', location: 'Seattle' },
  { idPrefix: 'newyork', location: 'New York' },
] as const;

/** Eight stations that share two recordings, each from another year on. */
export function weatherStations(recording: Recording): readonly FleetMember[] {
  return STATIONS.flatMap(({ idPrefix, location }) =>
    START_YEARS.map((year) => ({
      registration: {
        id: `${idPrefix}-${year}`,
        type: 'weather-station',
        name: `Weather station ${location}, from ${year}`,
        tags: [RECORDED],
      },
      source: recordedValues(recording, location, year),
    })),
  );
}

/** The demo: the stations, a device that never connected, and one that does things wrong so that refusals can be seen. */
export function demoFleet(recording: Recording): readonly FleetMember[] {
  return [
    ...weatherStations(recording),
    { registration: { id: 'spare-01', type: 'weather-station', name: 'Spare station, never connected', tags: [] } },
    {
      registration: {
        id: 'flaky-01',
        type: 'weather-station',
        name: 'Flaky station',
        tags: ['faulty-on-purpose'],
      },
      source: recordedValues(recording, 'Seattle', 2012),
      flaws: { brokenPayloadEvery: 20, clockAheadMs: 90_000 },
    },
  ];
}

/** Devices of any number with made-up measurements, the same for the same seed. */
export function madeUpFleet(options: { readonly devices: number; readonly seed: number }): readonly FleetMember[] {
  const digits = Math.max(3, String(options.devices).length);
  return Array.from({ length: options.devices }, (_, index) => {
    const id = `simulated-${String(index + 1).padStart(digits, '0')}`;
    return {
      registration: { id, type: 'simulated', name: `Simulated device ${index + 1}`, tags: ['simulated'] },
      source: madeUpValues(seedOf(options.seed, id)),
    };
  });
}

function recordedValues(recording: Recording, location: string, startYear: number): ValueSource {
  const series = recording.series(location, startYear);
  return { historyLength: series.length, at: (index) => series[index % series.length] ?? {} };
}

/** A daily course of temperature with noise, and a battery that empties and is changed. */
function madeUpValues(seed: number): ValueSource {
  const random = createRandom(seed);
  const phase = random() * 2 * Math.PI;
  return {
    historyLength: 0,
    at: (index) => ({
      temperature: Math.round((20 + 6 * Math.sin(index / 60 + phase) + random()) * 100) / 100,
      battery: 1 - (index % 1_000) / 1_000,
    }),
  };
}

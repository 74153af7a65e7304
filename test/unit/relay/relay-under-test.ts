import { startRelay, type Relay, type RelayOptions } from '../../../src/actors/relay/relay.js';
import { createMemoryMeter, createSilentLogger, realClock } from '../../support/fake-ports.js';
import { createMemoryJournal, type MemoryJournal } from '../../support/memory-journal.js';
import { until } from '../../support/until.js';
import { createFakePublisher, type FakePublisher } from './fake-publisher.js';

export interface RelayUnderTest {
  readonly memory: MemoryJournal;
  readonly publisher: FakePublisher;
  readonly logger: ReturnType<typeof createSilentLogger>;
  readonly meter: ReturnType<typeof createMemoryMeter>;
  /** Appends to `device/acme/<name>`. */
  append(count: number, name?: string): Promise<void>;
  start(given?: Partial<RelayOptions>): Relay;
  /** Waits until all is committed in the fake Kafka and known to be. */
  caughtUp(relay: Relay): Promise<void>;
}

const started: Relay[] = [];

/** For `afterEach`: a failed test leaves no relay running either. */
export async function stopRelays(): Promise<void> {
  await Promise.all(started.splice(0).map((relay) => relay.stop()));
}

/** Journal and Kafka in memory, one shard unless told otherwise. The relay starts with `start`. */
export function relayUnderTest(shards = 1): RelayUnderTest {
  const memory = createMemoryJournal({ shards });
  const publisher = createFakePublisher();
  const logger = createSilentLogger();
  const meter = createMemoryMeter();
  const { journal } = memory;
  return {
    memory,
    publisher,
    logger,
    meter,
    async append(count, name = 'pump-1') {
      const stream = `device/acme/${name}`;
      await journal.append({
        stream,
        epoch: journal.epochOf(journal.shardOf(stream)),
        firstSequence: memory.stream(stream).length + 1,
        events: Array.from({ length: count }, () => ({
          type: 'TelemetryRecorded',
          schemaVersion: 1,
          occurredAt: 1,
          payload: Buffer.from('{"values":{"t":1},"ts":1}'),
          metadata: Buffer.from('{"principal":"device/pump-1","hash":"h"}'),
        })),
      });
    },
    // `random` 1 makes each back-off the shortest.
    start(given) {
      const relay = startRelay({ journal, publisher, clock: realClock, logger, meter, random: () => 1, ...given });
      started.push(relay);
      return relay;
    },
    caughtUp: async (relay) => {
      await until('the relay has caught up', () => {
        const { state, shards: at } = relay.status();
        return state === 'running' && at.every(({ shard, checkpoint }) => checkpoint === memory.rows[shard]!.length);
      });
    },
  };
}

/** Positions committed in the fake Kafka, in order. */
export const sentPositions = ({ publisher }: RelayUnderTest): number[] =>
  publisher.committed.flatMap(({ positions }) => positions);

/** 1 … n. */
export const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

import { setTimeout as sleep } from 'node:timers/promises';
import { createBackOff } from '../../actors/kernel/back-off.js';
import type { Logger } from '../../actors/kernel/ports/surroundings.js';
import { startLocalKafka, type LocalKafka } from './local-broker.js';

export interface KeptKafkaOptions {
  /** Folder for log segments, settings and the broker's own log. */
  readonly dataDir: string;
  readonly logger: Logger;
  /** Aborted: the start is given up. */
  readonly signal?: AbortSignal;
  /** In [0, 1), spreads the restarts. @default Math.random */
  readonly random?: () => number;
}

const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 30_000;
/** A broker that ran so long had started well: the next pause is the first again. */
const WELL_MS = 60_000;

/**
 * A local Kafka that is started again, on the same address, when it ends by itself; meanwhile events wait in the journal. Each
 * end and each return is logged.
 * @throws StartRefused when the first start fails
 */
export async function keepLocalKafka(options: KeptKafkaOptions): Promise<LocalKafka> {
  const { dataDir, logger, signal, random = Math.random } = options;
  const backOff = createBackOff({ firstMs: FIRST_PAUSE_MS, lastMs: LAST_PAUSE_MS, random });
  const stopped = new AbortController();
  let startedAt = performance.now();
  let restarting = Promise.resolve();
  const onExit = (reason: string): void => {
    restarting = restart(reason);
  };
  let kafka = await startLocalKafka({ dataDir, onExit, ...(signal && { signal }) });
  const { brokers } = kafka;
  const port = Number(brokers.slice(brokers.lastIndexOf(':') + 1));

  async function restart(reason: string): Promise<void> {
    if (performance.now() - startedAt > WELL_MS) backOff.reset();
    for (let why = reason; !stopped.signal.aborted;) {
      const pauseMs = backOff.next();
      logger.error({ reason: why, pauseMs }, 'the local Kafka ended and is started again; events wait in the journal');
      try {
        await sleep(pauseMs, undefined, { signal: stopped.signal });
        kafka = await startLocalKafka({ dataDir, port, onExit, signal: stopped.signal });
        startedAt = performance.now();
        logger.info({ pid: kafka.pid }, 'the local Kafka is back');
        return;
      } catch (error) {
        why = (error as Error).message;
      }
    }
  }

  return {
    brokers,
    get pid() {
      return kafka.pid;
    },
    async stop() {
      stopped.abort();
      await restarting;
      await kafka.stop();
    },
  };
}

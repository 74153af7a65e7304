import { deviceCodec } from '../../../src/actors/device/codec.js';
import type { RecordedEvent } from '../../../src/actors/kernel/ports/journal.js';
import { startSubscription } from '../../../src/actors/kernel/subscription.js';
import type { ApiOptions } from '../../../src/api/http.js';
import { createCredentialUses } from '../../../src/persistence/credential-uses.js';
import { openDatabase } from '../../../src/persistence/database.js';
import { createIncomingIds } from '../../../src/persistence/incoming-ids.js';
import { openJournal } from '../../../src/persistence/journal/postgres-journal.js';
import { createPasswordVerifiers } from '../../../src/persistence/password-verifiers.js';
import { createAuditLog } from '../../../src/persistence/projections/audit-log.js';
import { createConnectionHistory } from '../../../src/persistence/projections/connection-history.js';
import { createDeviceIndex } from '../../../src/persistence/projections/device-index.js';
import { createSnapshotStore } from '../../../src/persistence/snapshots.js';
import { createMemoryMeter, createSilentLogger, realClock } from '../../support/fake-ports.js';
import { startApiUnderTest, type ApiUnderTest } from '../../unit/api/api-under-test.js';

/** A node with the real journal and its projections; only MQTT, Kafka and what a test leaves out are missing. */
export interface Node {
  readonly under: ApiUnderTest;
  readonly deviceOfToken: (sha256: string) => Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts a node and waits until tokens are read and the journal is writable. */
export async function startNode(url: string, options: Partial<ApiOptions> = {}): Promise<Node> {
  const logger = createSilentLogger();
  const meter = createMemoryMeter();
  const limits = { statementTimeoutMs: 1000, connectTimeoutMs: 1000 };
  const database = await openDatabase({ url, log: logger, ...limits });
  const journal = await openJournal({
    database,
    clock: realClock,
    log: logger,
    meter,
    shards: 4,
    pollMs: 100,
    stopGraceMs: 500,
  });
  const decode = (event: RecordedEvent) =>
    deviceCodec.decode(event.type, event.schemaVersion, event.payload, event.occurredAt);
  const { index, subscriber } = createDeviceIndex({ database, decode });
  const connections = createConnectionHistory({ database, decode });
  const audit = createAuditLog(database);
  const projections = [subscriber, connections.subscriber, audit.subscriber].map((projection) =>
    startSubscription({ subscriber: projection, journal, clock: realClock, logger, meter }),
  );
  const storage = {
    journal,
    snapshots: createSnapshotStore(database),
    incomingIds: createIncomingIds(database),
    deviceIndex: index,
    connections: connections.history,
    audit: audit.log,
    verifiers: createPasswordVerifiers(database),
    uses: createCredentialUses(database),
  };
  const under = await startApiUnderTest({ storage, ...options });
  await ready(under);
  return {
    under,
    deviceOfToken: (sha256) => index.deviceOfToken(sha256),
    stop: async () => {
      await under.stop();
      await Promise.all(projections.map((projection) => projection.stop()));
      await journal.stop();
      await database.stop();
    },
  };
}

/** Until API tokens are read and the journal is writable. */
export async function ready(under: ApiUnderTest): Promise<void> {
  while ((await under.admin.get('/readyz')).status !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
  while ((await under.admin.post('/api/v1/devices', { id: 'ready' })).status === 503) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

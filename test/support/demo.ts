import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSimulation } from '../../src/edge/simulator/simulator.js';
import { startFleetlog, type FleetlogProcess } from './fleetlog-process.js';
import { freshTopics, sharedBroker } from './kafka.js';
import { createTestDatabase } from './postgres.js';

/** The demo's server with its fleet of recorded weather. */
export interface Demo {
  readonly server: FleetlogProcess;
  stop(): Promise<void>;
}

export async function startDemo(adminPassword: string): Promise<Demo> {
  const folder = await mkdtemp(join(tmpdir(), 'fleetlog-demo-'));
  const database = await createTestDatabase();
  const topics = freshTopics();
  const dataDir = join(folder, 'data');
  const server = await startFleetlog({
    dataDir,
    databaseUrl: database.url,
    kafkaBrokers: sharedBroker(),
    env: {
      FLEETLOG_ADMIN_PASSWORD: adminPassword,
      KAFKA_TOPIC: topics.eventsTopic,
      KAFKA_CHECKPOINT_TOPIC: topics.checkpointTopic,
    },
  });
  const fleet = await startSimulation({
    url: server.ready.url,
    token: (await readFile(server.ready.tokenFile, 'utf8')).trim(),
    mqttUrl: `mqtts://127.0.0.1:${server.ready.mqttsPort}`,
    dataDir,
    recording: 'weather',
  });
  return {
    server,
    async stop() {
      await fleet.stop();
      await server.stop();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

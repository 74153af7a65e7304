// Starts one real Postgres and one real Kafka for all integration and end-to-end tests of a run. Both come from the built
// product (dist/), which `npm test` makes first. Test files find them in the environment:
//   FLEETLOG_TEST_POSTGRES  URL of the maintenance database; test/support/postgres.ts makes a fresh database per test file
//   FLEETLOG_TEST_KAFKA     host:port; test/support/kafka.ts makes fresh topic names per test
// FLEETLOG_TEST_SERVICES=postgres (or =kafka) starts only what a developer needs.
//
// All temporary files of the run lie in one folder, and a run that is killed leaves nothing behind: see reaper.js.
import { spawn } from 'node:child_process';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default async function setup() {
  if (globalThis.fleetlogServices) return; // one set-up for the projects int and e2e
  const wanted = (process.env.FLEETLOG_TEST_SERVICES ?? 'postgres,kafka').split(',');
  const folder = await mkdtemp(join(tmpdir(), 'fleetlog-test-'));
  await chmod(folder, 0o711); // as root, Postgres runs as another user and goes through here
  const services = { folder, stops: [] };
  globalThis.fleetlogServices = services;
  startReaper(folder);
  process.env.TMPDIR = folder;
  if (wanted.includes('postgres') && !process.env.FLEETLOG_TEST_POSTGRES) {
    const { startEmbeddedPostgres } = await import('../../dist/persistence/embedded-postgres.js');
    const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
    services.stops.push(() => postgres.stop());
    process.env.FLEETLOG_TEST_POSTGRES = postgres.url;
  }
  if (wanted.includes('kafka') && !process.env.FLEETLOG_TEST_KAFKA) {
    const { startLocalKafka } = await import('../../dist/transport/kafka/local-broker.js');
    const kafka = await startLocalKafka({ dataDir: join(folder, 'kafka') });
    services.stops.push(() => kafka.stop());
    process.env.FLEETLOG_TEST_KAFKA = kafka.brokers;
  }
}

/** Its end of the pipe closes when this process ends, however it does. */
function startReaper(folder) {
  const reaper = spawn(process.execPath, [join(import.meta.dirname, 'reaper.js'), folder], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  });
  reaper.unref();
  reaper.stdin.unref();
}

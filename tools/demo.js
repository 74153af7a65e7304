// `npm run demo`: all set-up, the server, and a fleet of devices that replay recorded weather over mutual TLS.
import { createSteps, runTool } from './steps.js';
import { setUp } from './setup.js';
import { interrupted, startServer, untilStopped } from './server.js';
import { summary, wantsLocalKafka } from './summary.js';

await runTool(async () => {
  const steps = createSteps();
  await setUp(steps, { kafka: wantsLocalKafka() });
  const server = await startServer(steps);
  const end = interrupted();
  const start = new AbortController();
  let fleet;
  try {
    fleet = await Promise.race([
      connectFleet(steps, server.ready, start.signal),
      server.exited.then(() => undefined),
      end.signal.then(() => undefined),
    ]);
    if (fleet) process.stdout.write(summary(server.ready, steps.elapsed(), 'seattle-2012'));
    await untilStopped(server, end);
  } finally {
    end.dispose();
    start.abort(); // a fleet that is still starting
    await fleet?.stop();
    await server.stop();
  }
});

async function connectFleet(steps, ready, signal) {
  const { startSimulation } = await import('../dist/edge/simulator/simulator.js');
  steps.begin('devices');
  const fleet = await startSimulation({
    url: ready.url,
    token: ready.token,
    mqttUrl: ready.mqtt,
    dataDir: ready.dataDir,
    recording: 'weather',
    signal,
  });
  steps.end(`${fleet.devices.length} devices`);
  return fleet;
}

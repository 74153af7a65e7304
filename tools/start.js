// `npm start`: all set-up, then the server.
import { createSteps, runTool } from './steps.js';
import { setUp } from './setup.js';
import { interrupted, startServer, untilStopped } from './server.js';
import { summary, wantsLocalKafka } from './summary.js';

await runTool(async () => {
  const steps = createSteps();
  await setUp(steps, { kafka: wantsLocalKafka() });
  const server = await startServer(steps);
  process.stdout.write(summary(server.ready, steps.elapsed()));
  const end = interrupted();
  try {
    await untilStopped(server, end);
  } finally {
    end.dispose();
    await server.stop();
  }
});

// `npm test [-- jest arguments]`: all set-up, then every test but the long ones.
import { prepareTests, runJest } from './jest.js';
import { runTool } from './steps.js';

await runTool(async () => {
  await prepareTests();
  return runJest(process.argv.slice(2));
});

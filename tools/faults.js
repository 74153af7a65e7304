// `npm run test:faults [-- --only F-21,F-24] [--seed 7] [--rounds 50] [--quick]`: all set-up, then the fault matrix
// (docs/reference/faults.md), one line per fault.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareTests, runJest } from './jest.js';
import { ROOT } from './setup.js';
import { runTool, StepError } from './steps.js';

await runTool(async () => {
  const wish = readWish();
  await prepareTests();
  process.stdout.write(
    wish.quick ? 'The short form of each fault.\n' : 'The long form, under half an hour; --quick is the short one.\n',
  );
  const reporter = join(ROOT, 'tools/faults-reporter.js');
  return runJest(['--selectProjects', 'e2e', '--runInBand', '--reporters', reporter, '--', 'test/faults/'], {
    FLEETLOG_TEST_FAULTS: JSON.stringify(wish),
  });
});

function readWish() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      seed: { type: 'string', default: '1' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
    },
  });
  const number = (name) => {
    if (!/^\d{1,9}$/.test(values[name])) throw new StepError(`--${name} takes a number.`);
    return Number(values[name]);
  };
  const only = values.only?.toUpperCase().split(',');
  const odd = only?.find((id) => !/^F-\d\d$/.test(id));
  if (odd !== undefined) throw new StepError(`"${odd}" names no fault; --only takes ids as F-21,F-24.`);
  return {
    seed: number('seed'),
    quick: values.quick,
    ...(values.rounds !== undefined && { rounds: number('rounds') }),
    ...(only && { only }),
  };
}

// `npm run test:faults [-- --only F-21,F-24] [--seed 7] [--rounds 50] [--quick] [--record]`: all set-up, then the fault matrix
// (docs/reference/faults.md), one line per fault; with `--record` the lines of those that held go into that page.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { recordFaults } from './docs/recorded-faults.js';
import { prepareTests, runJest } from './jest.js';
import { ROOT } from './setup.js';
import { runTool, StepError } from './steps.js';

await runTool(async () => {
  const { record, ...wish } = readWish();
  await prepareTests();
  process.stdout.write(
    wish.quick ? 'The short form of each fault.\n' : 'The long form, under half an hour; --quick is the short one.\n',
  );
  if (!record) return play(wish);
  const folder = await mkdtemp(join(tmpdir(), 'fleetlog-faults-'));
  try {
    const file = join(folder, 'held.ndjson');
    const code = await play({ ...wish, record: file });
    const lines = (await readFile(file, 'utf8').catch(() => '')).trim().split('\n').filter(Boolean);
    await recordFaults(
      join(ROOT, 'docs/reference/faults.md'),
      lines.map((line) => JSON.parse(line)),
    );
    return code;
  } finally {
    await rm(folder, { recursive: true });
  }
});

function play(wish) {
  const reporter = join(ROOT, 'tools/faults-reporter.js');
  return runJest(['--selectProjects', 'e2e', '--runInBand', '--reporters', reporter, '--', 'test/faults/'], {
    FLEETLOG_TEST_FAULTS: JSON.stringify(wish),
  });
}

function readWish() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      seed: { type: 'string', default: '1' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
    },
  });
  const number = (name) => {
    if (!/^\d{1,9}$/.test(values[name])) throw new StepError(`--${name} takes a number.`);
    return Number(values[name]);
  };
  const only = values.only?.toUpperCase().split(',');
  const odd = only?.find((id) => !/^F-\d\d$/.test(id));
  if (odd !== undefined) throw new StepError(`"${odd}" names no fault; --only takes ids as F-21,F-24.`);
  if (values.quick && values.record) throw new StepError('--record is for the long form.');
  return {
    seed: number('seed'),
    quick: values.quick,
    record: values.record,
    ...(values.rounds !== undefined && { rounds: number('rounds') }),
    ...(only && { only }),
  };
}

import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';

describe('an option that a tool does not have', () => {
  it.each(['bench.js', 'faults.js', 'mutations.js'])('is named by %s, with where the options stand', (tool) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [`tools/${tool}`, '--sped', '7'], {
      encoding: 'utf8',
    });
    expect(stderr).toMatch(
      new RegExp(`^\\nUnknown option '--sped'.*\\nThe options stand at the head of tools/${tool}\\.\\n$`),
    );
    expect([status, stdout]).toEqual([1, '']);
  });
});

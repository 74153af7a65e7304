import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

interface RuleTests {
  readonly securityTests: (root: string) => Promise<string>;
}

const { securityTests } = (await import(
  pathToFileURL(join(import.meta.dirname, '../../../tools/docs/rule-tests.js')).href
)) as RuleTests;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'fleetlog-rules-'));
  await mkdir(join(root, 'test/unit'), { recursive: true });
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** The rows that a file of tests gives, and the line that counts them. */
async function rowsOf(source: string): Promise<readonly string[]> {
  await writeFile(join(root, 'test/unit/a.unit.test.ts'), source);
  await writeFile(join(root, 'test/unit/helper.ts'), "test('SEC-99 no file of tests', f);");
  const lines = (await securityTests(root)).split('\n');
  return lines.filter((line) => /^(?:\d|\| SEC)/.test(line)).map((line) => line.replace(/ \| \[a\.unit.*/, ''));
}

test('a test is listed under each id at the beginning of its name, with its rule', async () => {
  expect(await rowsOf("test('A2 SEC-41 SEC-07 one filter', f); test('X6, SEC-03 one name', f);")).toEqual([
    '3 rules are shown by 3 named tests.',
    '| SEC-03 | one name',
    '| SEC-07 | one filter',
    '| SEC-41 | one filter',
  ]);
});

test('an id within a name, in a comment or in another call is none', async () => {
  const source = "// SEC-01 x\ntest('see SEC-02 too', f); log('SEC-03 x'); test.each(['SEC-04 x'])('%s', f);";
  expect(await rowsOf(source)).toEqual(['0 rules are shown by 0 named tests.']);
});

test('the tests of a group have its id, but for those with one of their own', async () => {
  const source =
    "describe('SEC-20 keys', () => { test('leave once', f); describe('old', () => { test('SEC-21 go', f); }); });";
  expect(await rowsOf(source)).toEqual([
    '2 rules are shown by 2 named tests.',
    '| SEC-20 | keys: leave once',
    '| SEC-21 | go',
  ]);
});

test('cases of a table are dots, and marks of Markdown are text', async () => {
  const source = "test.each(t)('SEC-72 %j and $id of __proto__ are <b>', f); test(`SEC-73 ${a} is one`, f);";
  expect(await rowsOf(source)).toEqual([
    '2 rules are shown by 2 named tests.',
    '| SEC-72 | … and … of \\_\\_proto\\_\\_ are \\<b>',
    '| SEC-73 | … is one',
  ]);
});

import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventJson } from '../../../src/api/events/event-json.js';
import { runCommand, type CommandResult } from './run-command.js';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'fleetlog-verify-'))));
afterEach(() => rm(folder, { recursive: true }));

/** Recorded journals, as the server would export them: the events of two streams, one after the other. */
function exported(): string[] {
  return ['device-v1', 'tenant-v1'].flatMap((name, shard) =>
    readFileSync(new URL(`../../golden/${name}.ndjson`, import.meta.url), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => {
        const event = JSON.parse(line);
        const bytes = { payload: Buffer.from(event.payload), metadata: Buffer.from(event.metadata) };
        return eventJson({ ...event, ...bytes, shard, position: event.sequence, recordedAt: event.occurredAt });
      }),
  );
}

async function verify(lines: readonly string[], ...options: string[]): Promise<CommandResult> {
  const file = join(folder, 'export.ndjson');
  await writeFile(file, lines.map((line) => `${line}\n`).join(''));
  return runCommand(['events', 'verify', file, ...options]);
}

const edited = (lines: string[], at: number, change: (line: string) => string): string[] =>
  lines.with(at, change(lines[at]!));
const streamOf = (line: string): string => JSON.parse(line).stream;
const numbered = (line: string, sequence: number): string => line.replace(/"sequence":\d+/, `"sequence":${sequence}`);

describe('events verify', () => {
  test('SEC-155 an export verifies without any server, streams between one another', async () => {
    const lines = exported();
    const { exitCode, stdout } = await verify(lines);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ events: lines.length, streams: 2, faults: [], cuts: [] });
    const woven = [...lines].sort((a, b) => JSON.parse(a).sequence - JSON.parse(b).sequence);
    expect((await verify(woven)).exitCode).toBe(0);
  });

  const tampered: [string, (lines: string[]) => string[], number, string][] = [
    [
      'a changed byte of a payload',
      (l) => edited(l, 2, (line) => line.replace('"payload":{', '"payload":{ ')),
      3,
      'link',
    ],
    [
      'a changed byte of the metadata',
      (l) => edited(l, 2, (line) => line.replace('"principal":"', '"principal":"x')),
      3,
      'link',
    ],
    ['a changed hash', (l) => edited(l, 2, (line) => line.replace(/"hash":"./, '"hash":"#')), 3, 'link'],
    ['another type', (l) => edited(l, 2, (line) => line.replace(/"type":"\w+"/, '"type":"DeviceEnabled"')), 3, 'link'],
    [
      'another time',
      (l) => edited(l, 2, (line) => line.replace(/"occurredAt":"..../, '"occurredAt":"1999')),
      3,
      'link',
    ],
    ['a row deleted', (l) => l.toSpliced(2, 1), 3, 'gap'],
    [
      'a row deleted and the rest numbered anew',
      (l) => l.toSpliced(2, 1).map((line, at) => (at < 5 ? numbered(line, at + 1) : line)),
      3,
      'link',
    ],
    ['the first rows deleted', (l) => l.slice(2), 1, 'gap'],
    ['a row inserted twice', (l) => l.toSpliced(2, 0, l[1]!), 3, 'gap'],
    ['two rows swapped', (l) => l.with(1, numbered(l[2]!, 2)).with(2, numbered(l[1]!, 3)), 2, 'link'],
    [
      'a row moved here from another stream',
      (l) => edited(l, 2, () => numbered(l.at(-1)!.replace(streamOf(l.at(-1)!), streamOf(l[0]!)), 3)),
      3,
      'link',
    ],
  ];
  test.each(tampered)('SEC-155 names the first bad event: %s', async (_name, tamper, sequence, fault) => {
    const lines = exported();
    const { exitCode, stdout } = await verify(tamper(lines));
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout).faults).toContainEqual({ stream: streamOf(lines[0]!), sequence, fault });
  });

  test('SEC-155 a broken stream costs no other stream its proof', async () => {
    const lines = exported();
    const { stdout } = await verify(lines.toSpliced(2, 1));
    expect(JSON.parse(stdout).faults.map(({ stream }: { stream: string }) => stream)).toEqual([streamOf(lines[0]!)]);
  });

  test('SEC-156 an end that was cut off verifies by itself, and is found by heads from elsewhere', async () => {
    const lines = exported();
    const ofDevice = lines.filter((line) => JSON.parse(line).shard === 0);
    const cut = lines.filter((line) => line !== ofDevice.at(-1));
    expect((await verify(cut)).exitCode).toBe(0);
    const heads = `0:${ofDevice.length},1:1`;
    expect((await verify(lines, '--heads', heads)).exitCode).toBe(0);
    const { exitCode, stdout } = await verify(cut, '--heads', heads);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout).cuts).toEqual([{ shard: 0, head: ofDevice.length, upTo: ofDevice.length - 1 }]);
  });

  test('an excerpt is verified from its second event on, and only when it is called one', async () => {
    const lines = exported().slice(2);
    expect((await verify(lines)).exitCode).toBe(1);
    expect((await verify(lines, '--excerpt')).exitCode).toBe(0);
    const changed = edited(lines, 1, (line) => line.replace('"payload":{', '"payload":{ '));
    expect((await verify(changed, '--excerpt')).exitCode).toBe(1);
  });

  test('a torn line, a file of something else, an empty file and no file are no proof', async () => {
    const lines = exported();
    const torn = await verify(lines.with(-1, lines.at(-1)!.slice(0, 40)));
    expect([torn.exitCode, torn.stderr]).toEqual([1, expect.stringContaining(`Line ${lines.length} is no event`)]);
    expect((await verify(['{"a":1}'])).exitCode).toBe(1);
    expect((await verify([])).exitCode).toBe(1);
    expect((await runCommand(['events', 'verify', join(folder, 'none')])).exitCode).toBe(2);
  });
});

import { afterEach, describe, expect, test } from '@jest/globals';
import type { Append, AppendAnswer } from '../../../src/actors/kernel/ports/journal.js';
import { createGroupCommit, type GroupCommit } from '../../../src/persistence/journal/group-commit.js';
import { settle, type WaitingAppend } from '../../../src/persistence/journal/waiting-append.js';

const ROUND_TRIP_MS = 1;
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A group commit with one lane whose writer takes a millisecond. */
function openGroups(): { readonly commit: GroupCommit; readonly groups: number[] } {
  const groups: number[] = [];
  const write = async (group: readonly WaitingAppend[]): Promise<void> => {
    groups.push(group.length);
    await pause(ROUND_TRIP_MS);
    for (const waiting of group) settle(waiting, { kind: 'committed', shard: 0, firstPosition: 1, recordedAt: 0 });
  };
  const limits = { events: 10_000, bytes: 1e9 };
  const commit = createGroupCommit({ shardOf: () => 0, lanes: [write], limits, abort: () => undefined });
  stops.push(() => commit.stop(1_000));
  return { commit, groups };
}

/** Resolves with what becomes of an append. */
const submit = (commit: GroupCommit, wanted: Append): Promise<AppendAnswer> =>
  new Promise((resolve) => commit.submit(wanted, resolve));

const append = (stream: string, patient = false): Append => ({
  stream,
  patient,
  epoch: 0,
  firstSequence: 1,
  events: [{ type: 'T', schemaVersion: 1, occurredAt: 0, payload: Buffer.from('{}'), metadata: Buffer.from('{}') }],
});

describe('a group of appends', () => {
  test('holds all that came in one turn of the event loop', async () => {
    const { commit, groups } = openGroups();
    await Promise.all([1, 2, 3].map((index) => submit(commit, append(`s/${index}`))));
    expect(groups).toEqual([3]);
  });

  test('of many appenders gathers those that come meanwhile, also after the writer is free again', async () => {
    const seen: number[][] = [];
    // A machine that stands still for those five milliseconds is none to learn from.
    for (let tries = 0; tries < 20 && seen.at(-1)?.length !== 2; tries += 1) {
      const { commit, groups } = openGroups();
      await Promise.all([1, 2, 3, 4, 5, 6].map((index) => submit(commit, append(`s/${index}`))));
      const later = submit(commit, append('s/7'));
      await pause(0);
      await Promise.all([later, submit(commit, append('s/8'))]);
      seen.push(groups);
    }
    expect(seen.at(-1)).toEqual([6, 2]);
  });

  test('of patient appenders gathers longer, and no longer than others once somebody joins who is in a hurry', async () => {
    const seen: Record<string, number[]> = {};
    for (let tries = 0; tries < 20 && (seen['patient']?.[1] !== 2 || seen['hurried']?.[1] !== 2); tries += 1) {
      const { commit, groups } = openGroups();
      const wait = (index: number) => submit(commit, append(`s/${index}`, true));
      await Promise.all([1, 2, 3, 4, 5].map(wait));
      const sixth = wait(6);
      await pause(8); // more than others gather, less than these wait
      if (tries % 2 === 0) {
        await Promise.all([sixth, wait(7)]);
        seen['patient'] = groups;
      } else {
        await Promise.all([sixth, submit(commit, append('s/7'))]);
        await Promise.all([wait(8), wait(9)]);
        seen['hurried'] = groups;
      }
    }
    expect(seen).toEqual({ patient: [5, 2], hurried: [5, 2, 2] });
  });

  test('of a lone appender waits for nobody', async () => {
    const { commit, groups } = openGroups();
    await submit(commit, append('s/1'));
    const second = submit(commit, append('s/1'));
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(groups).toEqual([1, 1]);
    await second;
  });

  test('that is stopped is written without waiting for others', async () => {
    const { commit, groups } = openGroups();
    await Promise.all([1, 2, 3].map((index) => submit(commit, append(`s/${index}`))));
    const last = submit(commit, append('s/4'));
    await commit.stop(1_000);
    await last;
    expect(groups).toEqual([3, 1]);
  });
});

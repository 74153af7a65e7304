import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createFixedClock, realClock } from '../../support/fake-ports.js';
import { createMemoryJournal } from '../../support/memory-journal.js';
import { startApiUnderTest, type ApiUnderTest } from './api-under-test.js';

interface Place {
  readonly stream: string;
  readonly sequence: number;
}

describe('SEC-152 what was accepted under a credential', () => {
  let under: ApiUnderTest;
  let recording = createFixedClock();
  const places = (events: readonly Place[]): string[] => events.map(({ stream, sequence }) => `${stream}:${sequence}`);
  const lines = async (query: string): Promise<string[]> => {
    const { text } = await under.admin
      .get(`/api/v1/events?${query}`)
      .set('Accept', 'application/x-ndjson')
      .buffer(true);
    return places(text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Place])));
  };

  beforeEach(async () => {
    recording = createFixedClock();
    const memory = createMemoryJournal({ now: () => recording.now() });
    under = await startApiUnderTest({ memory, clock: realClock });
  });
  afterEach(() => under.stop());

  test('SEC-152 is told over all streams, exactly, within a time, and for this tenant alone', async () => {
    const lost = await under.issueToken('admin');
    const other = await under.issueToken('admin');
    const expected: string[] = [];
    for (let n = 0; n < 40; n++) {
      recording.advance(1000);
      const id = `device-${n}`;
      await under.as(n % 4 === 0 ? lost.token : other.token).post('/api/v1/devices', { id });
      if (n % 4 === 0 && n >= 8 && n <= 24) expected.push(`device/default/${id}:1`);
    }
    const at = (n: number): string => new Date(recording.now() - (39 - n) * 1000).toISOString();
    const query = `credential=${lost.id}&from=${at(8)}&to=${at(24)}`;
    expect((await lines(query)).sort()).toEqual([...expected].sort());
    const page = await under.admin.get(`/api/v1/events?${query}&limit=1000`);
    expect(places(page.body.items as Place[]).sort()).toEqual([...expected].sort());
    expect(await lines(`credential=${lost.id}`)).toHaveLength(10);
    expect(await lines(`credential=${lost.id}&device=device-8`)).toEqual(['device/default/device-8:1']);
    const stranger = under.as((await under.issueToken('admin', 'rival')).token);
    expect((await stranger.get(`/api/v1/events?${query}`)).body.items).toEqual([]);
  });

  test('SEC-152 is not misled by text that looks like a credential', async () => {
    const lost = await under.issueToken('admin');
    await under.admin.post('/api/v1/devices', { id: 'd1', name: `"credential":"${lost.id}"` });
    expect(await lines(`credential=${lost.id}`)).toEqual([]);
  });

  test('SEC-152 misses nothing when the clock of the server went back for hours', async () => {
    const lost = await under.issueToken('admin');
    const register = async (id: string, step: number): Promise<void> => {
      recording.advance(step);
      await under.as(lost.token).post('/api/v1/devices', { id });
    };
    const hour = 3600_000;
    for (let n = 0; n < 30; n++) await register(`early-${n}`, hour);
    const from = new Date(recording.now() - 2 * hour).toISOString();
    await register('late', -3 * hour);
    for (let n = 0; n < 10; n++) await register(`last-${n}`, hour);
    const found = await lines(`credential=${lost.id}&from=${from}`);
    const all = (await lines(`credential=${lost.id}`)).length;
    expect(all).toBe(41);
    expect(found).toHaveLength(3 + 10);
  });

  test.each(['credential=', 'credential=a"b', 'from=yesterday', 'to=1'])('refuses %s', async (query) => {
    expect((await under.admin.get(`/api/v1/events?${query}`)).body.code).toBe('PARAMETER_INVALID');
  });
});

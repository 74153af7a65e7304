import { get } from '../../data/client.js';

/** What a newcomer is shown. */
export interface Showcase {
  /** Id of a device that is online; absent when none is. */
  readonly device: string | undefined;
  /** Whether recorded weather is being replayed, a day in each second. */
  readonly recorded: boolean;
}

/** Tag that the simulator gives to devices that replay recorded weather. */
const RECORDED = 'recorded-weather';

export async function readShowcase(signal: AbortSignal): Promise<Showcase> {
  const online = { state: 'online', limit: 1 } as const;
  const replaying = await get('/api/v1/devices', { query: { ...online, search: RECORDED }, signal });
  const [station] = replaying.items;
  if (station !== undefined) return { device: station.id, recorded: true };
  const any = await get('/api/v1/devices', { query: online, signal });
  return { device: any.items[0]?.id, recorded: false };
}

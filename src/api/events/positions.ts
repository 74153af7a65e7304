import { FleetlogError } from '../../actors/kernel/errors.js';
import type { Journal } from '../../actors/kernel/ports/journal.js';

/** The last position read of each shard, by shard number. */
export type Positions = number[];

/**
 * Reads `0:1204,1:998`. Shards that are not named begin at their first event.
 * @throws FleetlogError `CURSOR_INVALID` for a shard that does not exist, is named twice, or has no such position yet
 */
export function parsePositions(text: string, journal: Pick<Journal, 'shards' | 'headOf'>): Positions {
  const positions = new Array<number>(journal.shards).fill(0);
  const named = new Set<number>();
  for (const part of text.split(',')) {
    const [shard = NaN, position = NaN] = part.split(':').map(Number);
    if (!(shard < journal.shards) || named.has(shard)) refuse(`There is no shard ${shard}, or it is named twice.`);
    if (!(position <= journal.headOf(shard))) refuse(`Shard ${shard} has no position ${position} yet.`);
    named.add(shard);
    positions[shard] = position;
  }
  return positions;
}

/** All shards, so that the text alone says where to go on. */
export function formatPositions(positions: Positions): string {
  return positions.map((position, shard) => `${shard}:${position}`).join(',');
}

export function headPositions(journal: Pick<Journal, 'shards' | 'headOf'>): Positions {
  return Array.from({ length: journal.shards }, (_, shard) => journal.headOf(shard));
}

function refuse(detail: string): never {
  throw new FleetlogError('CURSOR_INVALID', detail);
}

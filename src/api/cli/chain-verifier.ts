import { createHash } from 'node:crypto';
import type { JournalEvent } from './journal-event.js';
import { memberTexts } from './raw-json.js';

/** What does not verify: the first event of its stream that is missing, doubled, changed or foreign. */
export interface ChainFault {
  readonly stream: string;
  readonly sequence: number;
  readonly fault: 'gap' | 'link';
}

/** What has been verified, and how far the events go. */
export interface ChainReport {
  readonly events: number;
  readonly streams: number;
  /** One of each stream that does not verify. */
  readonly faults: readonly ChainFault[];
  /** Highest position of each shard. */
  readonly upTo: ReadonlyMap<number, number>;
}

/** Verifies exported events, each stream in its order, whatever lies between. */
export interface ChainVerifier {
  /** @param line an event as the server has spelt it; @throws SyntaxError when it is none */
  take(line: string): void;
  report(): ChainReport;
}

const HASH_MEMBER = /,"hash":"([A-Za-z0-9_-]{43})"\}$/;

/**
 * Format 1 of the hash chain, from its description in docs/reference/hash-chain.md and from nothing else: a verifier that shared
 * code with the journal would share its faults (SEC-155).
 * @param isExcerpt streams may begin at any sequence; what is before, and the first link, are then not verified
 */
export function createChainVerifier(isExcerpt: boolean): ChainVerifier {
  const last = new Map<string, { sequence: number; link: Buffer }>();
  const faults = new Map<string, ChainFault>();
  const upTo = new Map<number, number>();
  let events = 0;

  return {
    take(line) {
      const event = JSON.parse(line) as JournalEvent & { readonly schemaVersion: number; readonly occurredAt: string };
      const texts = memberTexts(line);
      const [payload, metadata] = [texts.get('payload'), texts.get('metadata')];
      const { stream, sequence } = event;
      if (payload === undefined || metadata === undefined || typeof stream !== 'string') {
        throw new SyntaxError('no event: stream, payload or metadata is missing');
      }
      events += 1;
      upTo.set(event.shard, Math.max(upTo.get(event.shard) ?? 0, event.position));
      if (faults.has(stream)) return;
      const written = Buffer.from(HASH_MEMBER.exec(metadata)?.[1] ?? '', 'base64url');
      const before = last.get(stream) ?? (isExcerpt ? undefined : { sequence: 0, link: startOf(stream) });
      if (before !== undefined) {
        const wanted = before.sequence + 1;
        if (sequence !== wanted) {
          faults.set(stream, { stream, sequence: wanted, fault: 'gap' });
          return;
        }
        const fields = [sequence, event.type, event.schemaVersion, Date.parse(event.occurredAt), payload];
        const bare = metadata.replace(HASH_MEMBER, '}');
        if (!linkAfter(before.link, [...fields, bare]).equals(written)) {
          faults.set(stream, { stream, sequence, fault: 'link' });
          return;
        }
      }
      last.set(stream, { sequence, link: written });
    },
    report: () => ({
      events,
      streams: new Set([...last.keys(), ...faults.keys()]).size,
      faults: [...faults.values()],
      upTo,
    }),
  };
}

const startOf = (stream: string): Buffer => createHash('sha256').update(`fleetlog-chain-1\n${stream}`).digest();

function linkAfter(link: Buffer, fields: readonly (string | number)[]): Buffer {
  const hash = createHash('sha256').update(link);
  for (const field of fields) {
    const bytes = Buffer.from(String(field));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  }
  return hash.digest();
}

import type { Journal, RecordedEvent } from '../../actors/kernel/ports/journal.js';
import { deviceStream } from '../../actors/device/events.js';
import type { Call, Handlers } from '../call.js';
import { CSV, lines, serverSentEvents } from '../events/event-formats.js';
import { eventPageJson } from '../events/event-json.js';
import { readBackwards } from '../events/event-scan-back.js';
import { scanJournal, type EventSelection } from '../events/event-scan.js';
import type { EventStreams, StreamFormat } from '../events/event-stream.js';
import { eventFilter } from '../events/filter.js';
import { fieldsOf, refuseFieldsOfTable } from '../request/fields.js';
import { linkNext } from '../request/link.js';
import { formatPositions, headPositions, parsePositions, type Positions } from '../events/positions.js';
import { Refusal } from '../problem.js';
import { parseRfc3339 } from '../request/rfc3339.js';
import { MAX_PAGE_BYTES } from '../events/stream-page.js';

interface EventRouteOptions {
  readonly journal: Journal;
  readonly streams: EventStreams;
  readonly randomBytes: (size: number) => Buffer;
}

interface EventParameters {
  readonly after?: string;
  readonly before?: string;
  readonly limit?: number;
  readonly follow: boolean;
  readonly device?: string;
  readonly stream?: string;
  readonly shard?: number;
  readonly types?: readonly string[];
  readonly credential?: string;
  readonly principal?: string;
  readonly correlationId?: string;
  readonly causationId?: string;
  readonly from?: string;
  readonly to?: string;
  readonly filter?: string;
  readonly perSecond?: number;
  readonly 'Last-Event-ID'?: string;
}

const PAGE_LIMIT = 50;
const MAX_PAGE_LIMIT = 1000;
/** Events that one page looks through at most. */
const MAX_SCANNED = 10_000;

/** `/events`: the journal as pages, lines, a table or server-sent events. */
export function eventHandlers(options: EventRouteOptions): Handlers {
  const { journal, streams, randomBytes } = options;

  const stream = (call: Call, format: StreamFormat, positions: Positions, follow: boolean): Promise<void> => {
    const { limit = Infinity, perSecond } = call.parameters as EventParameters;
    const { request, response, access } = call;
    if (request.method === 'HEAD') {
      // Would run for ever and show nothing.
      response.set('Content-Type', format.mediaType).end();
      return Promise.resolve();
    }
    const pace = format.mediaType.startsWith('text/event-stream') && perSecond !== undefined ? { perSecond } : {};
    return streams.run({ response, access, format, selection: selectionOf(call), positions, limit, follow, ...pace });
  };

  return {
    listEvents(call) {
      const { after, before, follow, 'Last-Event-ID': lastEventId } = call.parameters as EventParameters;
      if (before !== undefined && (after !== undefined || call.answer !== 'application/json')) {
        throw new Refusal('PARAMETER_INVALID', 'before is for pages of JSON, and goes without after.');
      }
      refuseFieldsOfTable(call);
      const begin = (otherwise: () => Positions, from = after): Positions =>
        from === undefined ? otherwise() : from === 'head' ? headPositions(journal) : parsePositions(from, journal);
      const first = (): Positions => new Array<number>(journal.shards).fill(0);

      switch (call.answer) {
        case 'text/event-stream': {
          // Spread over three seconds, so that a restart is not met by all clients at once.
          const retryMs = 2000 + (randomBytes(1)[0] ?? 0) * 12;
          const positions = begin(() => headPositions(journal), lastEventId ?? after);
          return stream(call, serverSentEvents(retryMs, fieldsOf(call)), positions, true);
        }
        case 'application/x-ndjson':
          return stream(call, lines(fieldsOf(call)), begin(first), follow);
        case 'text/csv':
          return stream(call, CSV, begin(first), follow);
        case undefined:
        default:
          return before === undefined
            ? answerPage(journal, call, begin(first))
            : answerPageBack(journal, call, begin(first, before));
      }
    },
  };
}

function selectionOf(call: Call): EventSelection {
  const parameters = call.parameters as EventParameters;
  const { device, stream = device && deviceStream(call.access.tenant, device), types, from, to, filter } = parameters;
  if (device !== undefined && parameters.stream !== undefined) {
    throw new Refusal('PARAMETER_INVALID', 'device and stream go without each other.');
  }
  const { shard, credential, principal, correlationId, causationId } = parameters;
  return {
    tenant: call.access.tenant,
    ...(shard === undefined ? {} : { shard }),
    ...(stream === undefined ? {} : { stream }),
    ...(types === undefined ? {} : { types: new Set(types) }),
    ...(credential === undefined ? {} : { credential }),
    ...(principal === undefined ? {} : { principal }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(causationId === undefined ? {} : { causationId }),
    ...(from === undefined ? {} : { from: parseRfc3339(from) }),
    ...(to === undefined ? {} : { to: parseRfc3339(to) }),
    ...(filter === undefined ? {} : { filter: eventFilter(filter) }),
  };
}

/** Number of events in a page. @throws Refusal `PARAMETER_INVALID` */
function pageLimitOf(call: Call): number {
  const { limit = PAGE_LIMIT } = call.parameters as EventParameters;
  if (limit <= MAX_PAGE_LIMIT) return limit;
  throw new Refusal('PARAMETER_INVALID', `A page holds at most ${MAX_PAGE_LIMIT} events; lines have no bound.`);
}

/** The newest first: what somebody who looks wants to see. */
async function answerPageBack(journal: Journal, call: Call, positions: Positions): Promise<void> {
  const after = formatPositions(positions);
  const bounds = { limit: pageLimitOf(call), maxScanned: MAX_SCANNED, maxBytes: MAX_PAGE_BYTES };
  const { events, more, estimate } = await readBackwards(journal, selectionOf(call), positions, bounds);
  const next = more ? formatPositions(positions) : null;
  linkNext(call, next, 'before');
  call.response.type('application/json').send(eventPageJson(events, { next, after, estimate }, fieldsOf(call)));
}

async function answerPage(journal: Journal, call: Call, positions: Positions): Promise<void> {
  const limit = pageLimitOf(call);
  const heads = headPositions(journal);
  const events: RecordedEvent[] = [];
  let bytes = 0;
  for await (const batch of scanJournal(journal, selectionOf(call), positions, heads, MAX_SCANNED)) {
    for (const event of batch) {
      if (events.length === limit || bytes >= MAX_PAGE_BYTES) break;
      events.push(event);
      bytes += event.payload.length;
      positions[event.shard] = event.position;
    }
    if (events.length === limit || bytes >= MAX_PAGE_BYTES) break;
  }
  const after = formatPositions(positions);
  const next = heads.some((head, shard) => head > (positions[shard] ?? 0)) ? after : null;
  linkNext(call, next, 'after');
  call.response.type('application/json').send(eventPageJson(events, { next, after }, fieldsOf(call)));
}

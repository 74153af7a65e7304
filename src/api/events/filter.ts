import { createConditionCompiler, type Condition } from '../../actors/kernel/condition.js';
import type { DeviceSummary } from '../../actors/kernel/ports/device-index.js';
import type { RecordedEvent } from '../../actors/kernel/ports/journal.js';
import { parseStreamKey } from '../../actors/kernel/stream-key.js';
import { Refusal } from '../problem.js';

const compileDeviceFilter = createConditionCompiler('device', {
  ...({ id: 'string', type: 'string', name: 'string', tags: 'list<string>', via: 'list<string>' } as const),
  ...({ enabled: 'bool', gateway: 'bool', connected: 'bool', sessionEpoch: 'double', revision: 'double' } as const),
  ...({ registeredAt: 'google.protobuf.Timestamp', disconnectReason: 'string' } as const),
  ...({ connectedAt: 'google.protobuf.Timestamp', disconnectedAt: 'google.protobuf.Timestamp' } as const),
});

const compileEventFilter = createConditionCompiler('event', {
  ...({ type: 'string', device: 'string', stream: 'string' } as const),
  ...({ principal: 'string', correlationId: 'string', causationId: 'string' } as const),
  ...({ shard: 'double', position: 'double', sequence: 'double', payload: 'map', metadata: 'map' } as const),
  ...({ occurredAt: 'google.protobuf.Timestamp', recordedAt: 'google.protobuf.Timestamp' } as const),
});

/** @throws Refusal `FILTER_INVALID` */
export function deviceFilter(text: string): (device: DeviceSummary) => boolean {
  const condition = compiled(compileDeviceFilter, text);
  return ({ type, name, registeredAt, connectedAt, disconnectedAt, disconnectReason, ...rest }) =>
    condition.matches({
      ...rest,
      ...{ type: type ?? '', name: name ?? '', disconnectReason: disconnectReason ?? '' },
      registeredAt: new Date(registeredAt),
      ...(connectedAt !== null && { connectedAt: new Date(connectedAt) }),
      ...(disconnectedAt !== null && { disconnectedAt: new Date(disconnectedAt) }),
    });
}

/** @throws Refusal `FILTER_INVALID` */
export function eventFilter(text: string): (event: RecordedEvent) => boolean {
  const condition = compiled(compileEventFilter, text);
  return ({ type, stream, shard, position, sequence, occurredAt, recordedAt, payload, metadata: bytes }) => {
    const { concept, id = '' } = parseStreamKey(stream);
    const metadata = JSON.parse(bytes.toString()) as Readonly<Record<string, unknown>>;
    return condition.matches({
      ...{ type, stream, shard, position, sequence, metadata },
      device: concept === 'device' ? id : '',
      principal: metadata['principal'] ?? '',
      correlationId: metadata['correlationId'] ?? '',
      causationId: metadata['causationId'] ?? '',
      payload: JSON.parse(payload.toString()) as unknown,
      occurredAt: new Date(occurredAt),
      recordedAt: new Date(recordedAt),
    });
  };
}

function compiled(compile: ReturnType<typeof createConditionCompiler>, text: string): Condition {
  const result = compile(text);
  if (result.ok) return result.condition;
  throw new Refusal('FILTER_INVALID', result.detail, {
    errors: [{ pointer: 'filter', code: 'FILTER_INVALID', message: result.detail }],
  });
}

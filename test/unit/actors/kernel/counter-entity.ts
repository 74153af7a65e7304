import type { Decider, DomainEvent, EntityCodec } from '../../../../src/actors/kernel/decider.js';
import { createEntityDirectory, type DirectoryLimits } from '../../../../src/actors/kernel/entity-directory.js';
import type { Ask, Origin, Outcome } from '../../../../src/actors/kernel/ports/entities.js';
import type { Clock, Logger } from '../../../../src/actors/kernel/ports/surroundings.js';
import { createMemoryMeter, createSilentLogger, realClock } from '../../../support/fake-ports.js';
import { createMemoryJournal, type MemoryJournal } from '../../../support/memory-journal.js';

/** The smallest entity that shows the kernel's rules: a counter with a bound and a few ways to misbehave. */
export type CounterCommand =
  | { readonly type: 'Add'; readonly amount: number }
  | { readonly type: 'AddEach'; readonly amounts: readonly number[] }
  | { readonly type: 'Take'; readonly amount: number }
  | { readonly type: 'Nothing' }
  | { readonly type: 'Refuse'; readonly journaled: boolean }
  | { readonly type: 'ThrowInDecide' }
  | { readonly type: 'ThrowInEvolve' };
type CounterEvent =
  | DomainEvent<'Added', { readonly amount: number }>
  | DomainEvent<'Refused', Record<string, never>>
  | DomainEvent<'Poison', Record<string, never>>;
interface CounterState {
  total: number;
  /** Every amount in order: shows gaps, repeats and inversions. */
  amounts: number[];
}

const counterDecider: Decider<CounterCommand, CounterEvent, CounterState> = {
  initialState: () => ({ total: 0, amounts: [] }),
  decide(command, state) {
    switch (command.type) {
      case 'Add':
        return { events: [{ type: 'Added', data: { amount: command.amount } }] };
      case 'AddEach':
        return { events: command.amounts.map((amount) => ({ type: 'Added', data: { amount } })) };
      case 'Take':
        return state.total < command.amount
          ? { events: [], rejection: { code: 'PAYLOAD_INVALID', detail: 'too little' } }
          : { events: [{ type: 'Added', data: { amount: -command.amount } }] };
      case 'Nothing':
        return { events: [] };
      case 'Refuse':
        return {
          events: command.journaled ? [{ type: 'Refused', data: {} }] : [],
          rejection: { code: 'PAYLOAD_INVALID', detail: 'no' },
        };
      case 'ThrowInDecide':
        throw new Error('a bug in decide');
      case 'ThrowInEvolve':
        return { events: [{ type: 'Poison', data: {} }] };
    }
  },
  evolve(state, event) {
    switch (event.type) {
      case 'Added':
        state.total += event.data.amount;
        state.amounts.push(event.data.amount);
        return state;
      case 'Refused':
        return state;
      case 'Poison':
        state.total = Number.NaN;
        throw new Error('a bug in evolve');
    }
  },
};

const counterCodec: EntityCodec<CounterEvent, CounterState> = {
  versionOf: () => 1,
  encode: (event) => Buffer.from(JSON.stringify(event.data)),
  decode: (type, _version, payload) => ({ type, data: JSON.parse(payload.toString()) }) as CounterEvent,
  snapshotVersion: 1,
  toSnapshot: (state) => structuredClone(state),
  fromSnapshot: (value) => value as CounterState,
};

export const origin: Origin = { tenant: 'default', principal: 'device/d1' };

/** Starts a directory of counters over a memory journal. */
export function startCounters(
  options: {
    readonly limits?: Partial<DirectoryLimits>;
    readonly clock?: Clock;
    readonly memory?: MemoryJournal;
    readonly logger?: Logger;
  } = {},
) {
  const memory = options.memory ?? createMemoryJournal();
  const logger = createSilentLogger();
  const meter = createMemoryMeter();
  const directory = createEntityDirectory({
    kind: 'counter',
    decider: counterDecider,
    codec: counterCodec,
    journal: memory.journal,
    snapshots: memory.snapshots,
    incomingIds: memory.incomingIds,
    clock: options.clock ?? realClock,
    logger: options.logger ?? logger,
    meter,
    ...(options.limits && { limits: options.limits }),
  });
  return { memory, logger, meter, directory };
}

/** An ask that keeps its outcome, and tells `order` when it came. */
export function counterAsk(
  command: CounterCommand,
  more: Partial<Ask<CounterCommand>> = {},
): Ask<CounterCommand> & { readonly outcome: Promise<Outcome>; readonly settled: Outcome[] } {
  const settled: Outcome[] = [];
  let resolve: (outcome: Outcome) => void;
  const outcome = new Promise<Outcome>((done) => (resolve = done));
  return {
    command,
    origin,
    bytes: 10,
    ...more,
    outcome,
    settled,
    settle(given) {
      settled.push(given);
      more.settle?.(given);
      resolve(given);
    },
  };
}

export const add = (amount: number): CounterCommand => ({ type: 'Add', amount });

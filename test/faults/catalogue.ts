import { halfOpen, identityFight, poison, reconnectStorm, slowSubscriber } from './connection-faults.js';
import { diskFull, poolExhausted } from './capacity-faults.js';
import type { Fault } from './fault.js';
import { killed } from './kills.js';
import { connectionLost, journalLocked, postgresStops } from './postgres-faults.js';
import {
  codeThrows,
  descriptorsUsedUp,
  eventLoopBlocked,
  logUnread,
  memoryShort,
  terminated,
} from './process-faults.js';
import { brokerFails, kafkaAway } from './relay-faults.js';
import { tampered } from './tampering.js';
import { nodePaused, twoRelays } from './two-nodes.js';
import { migrationKilled } from './upgrade.js';

/** The fault matrix, in the order in which it is played. */
export const FAULTS: readonly Fault[] = [
  killed,
  terminated,
  nodePaused,
  codeThrows,
  eventLoopBlocked,
  memoryShort,
  descriptorsUsedUp,
  halfOpen,
  slowSubscriber,
  reconnectStorm,
  identityFight,
  poison,
  kafkaAway,
  brokerFails,
  twoRelays,
  postgresStops,
  connectionLost,
  diskFull,
  journalLocked,
  poolExhausted,
  tampered,
  migrationKilled,
  logUnread,
];

import type { Fault } from './fault.js';
import { killed } from './kills.js';
import { connectionLost, journalLocked, postgresStops } from './postgres-faults.js';
import { brokerFails, kafkaAway } from './relay-faults.js';
import { nodePaused, twoRelays } from './two-nodes.js';

/** The fault matrix, in the order in which it is played. */
export const FAULTS: readonly Fault[] = [
  killed,
  nodePaused,
  kafkaAway,
  brokerFails,
  twoRelays,
  postgresStops,
  connectionLost,
  journalLocked,
];

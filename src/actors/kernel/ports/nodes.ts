/** A process among those that share a Postgres. */
export interface NodeName {
  /** `FLEETLOG_NODE_ID`: one process at a time bears it. */
  readonly id: string;
  /** Random, another one after each start. */
  readonly life: string;
}

/** Says to the other nodes that this one lives, and hears when another no longer does. */
export interface NodeLease {
  /** Called whenever other nodes were found dead: what they held is in nobody's hand. */
  onLapse(listener: () => void): void;
}

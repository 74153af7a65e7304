import type { Broker, Cluster } from './kafkajs-internals.js';

/** One partition of one topic. */
export interface PartitionPlace {
  readonly topic: string;
  readonly partition: number;
}

/** The broker that leads a partition, as far as this cluster's metadata tell; connected. */
export async function leaderOf(cluster: Cluster, { topic, partition }: PartitionPlace): Promise<Broker> {
  const nodeId = Object.keys(cluster.findLeaderForPartitions(topic, [partition]))[0];
  if (nodeId === undefined) throw new Error(`${topic}/${partition} has no leader`);
  return cluster.findBroker({ nodeId });
}

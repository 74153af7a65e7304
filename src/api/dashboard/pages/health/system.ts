import { get, type Schema } from '../../data/client.js';
import { useResource, type Resource } from '../../data/resource.js';

export type SystemStatus = Schema<'SystemStatus'>;
export type SystemActivity = Schema<'SystemActivity'>;
export type Readiness = Schema<'Readiness'>;

const EVERY_MS = 2000;

/** Shards, relay and subscriptions. */
export function useSystem(): Resource<SystemStatus> {
  return useResource((signal) => get('/api/v1/system/status', { signal }), [], EVERY_MS);
}

/** What has happened in the last minutes. */
export function useActivity(): Resource<SystemActivity> {
  return useResource((signal) => get('/api/v1/system/activity', { signal }), [], EVERY_MS);
}

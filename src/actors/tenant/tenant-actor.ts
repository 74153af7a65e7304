import { createEntityDirectory, type EntityPorts, type RunningDirectory } from '../kernel/entity-directory.js';
import { tenantCodec } from './codec.js';
import type { TenantCommand } from './commands.js';
import { tenantDecider } from './decider.js';
import type { TenantState } from './state.js';

/** Starts the directory of tenants: one actor per stream `tenant/<tenant>`. */
export function createTenantDirectory(ports: EntityPorts): RunningDirectory<TenantCommand, TenantState> {
  return createEntityDirectory({ ...ports, kind: 'tenant', decider: tenantDecider, codec: tenantCodec });
}

import type { Role } from '../../actors/tenant/events.js';
import { tenantStream } from '../../actors/tenant/events.js';
import type { UserEntry } from '../../actors/tenant/state.js';
import type { AccessParts } from '../access.js';
import { sendJson, textParameter, type Call, type Handlers } from '../call.js';
import { etagOf } from '../etag.js';
import { storePassword } from '../password-check.js';
import { missing } from '../problem.js';
import { formatRfc3339 } from '../rfc3339.js';
import { commandTenant } from './tenant-command.js';

interface CreateUser {
  readonly name: string;
  readonly role: Role;
  readonly password: string;
}
interface PatchUser {
  readonly role?: Role;
  readonly password?: string;
}

/** `/users`: who may sign in to the caller's tenant. */
export function userHandlers({ access }: { readonly access: AccessParts }): Handlers {
  const { tenants, verifiers } = access;

  const readUser = async (call: Call, name: string): Promise<UserEntry> => {
    const user = await tenants.query(tenantStream(call.access.tenant), (state) => state.users.get(name));
    if (user === undefined) throw missing('USER_NOT_FOUND');
    return user;
  };
  const answerUser = async (call: Call, status: number, name: string): Promise<void> => {
    const user = await readUser(call, name);
    call.response.set('ETag', etagOf(user.revision));
    sendJson(call, status, userJson(user));
  };

  return {
    async listUsers(call) {
      const items = await tenants.query(tenantStream(call.access.tenant), (state) =>
        [...state.users.values()].map(userJson),
      );
      sendJson(call, 200, { items, next: null });
    },

    async createUser(call) {
      const { name, role, password } = call.body as CreateUser;
      const verifierSha256 = await storePassword(access, call.access.tenant, name, password);
      await commandTenant(access, call, { type: 'RegisterUser', name, role, verifierSha256 });
      call.response.set('Location', `/api/v1/users/${encodeURIComponent(name)}`);
      await answerUser(call, 201, name);
    },

    getUser: (call) => answerUser(call, 200, textParameter(call, 'userName')),

    async patchUser(call) {
      const { tenant } = call.access;
      const name = textParameter(call, 'userName');
      const { role, password } = call.body as PatchUser;
      await readUser(call, name); // before a verifier is made for nobody
      const verifierSha256 = password === undefined ? undefined : await storePassword(access, tenant, name, password);
      await commandTenant(access, call, { type: 'UpdateUser', name, role, verifierSha256 });
      if (verifierSha256 !== undefined) await verifiers.discard(tenant, name, verifierSha256);
      await answerUser(call, 200, name);
    },

    async deleteUser(call) {
      const name = textParameter(call, 'userName');
      await commandTenant(access, call, { type: 'DeleteUser', name });
      await verifiers.discard(call.access.tenant, name, undefined);
      call.response.status(204).end();
    },
  };
}

/** Schema `User`. */
function userJson({ name, role, registeredAt, passwordChangedAt, revision }: UserEntry): object {
  return {
    name,
    role,
    registeredAt: formatRfc3339(registeredAt),
    passwordChangedAt: formatRfc3339(passwordChangedAt),
    revision,
  };
}

import type { AuditLog } from '../../actors/kernel/ports/access.js';
import type { Role } from '../../actors/tenant/events.js';
import { tenantStream } from '../../actors/tenant/events.js';
import type { UserEntry } from '../../actors/tenant/state.js';
import type { AccessParts } from '../access/access.js';
import { sendJson, textParameter, type Call, type Handlers } from '../call.js';
import { pathsOfPatch, type Paths } from '../request/changed-paths.js';
import { sendPage } from '../request/page.js';
import { boundRevision, etagOf, mayChange, namesRevision } from '../request/etag.js';
import { storePassword } from '../access/password-check.js';
import { missing, Refusal } from '../problem.js';
import { formatRfc3339 } from '../request/rfc3339.js';
import { versionConflict } from '../request/version-conflict.js';
import { commandTenant } from './tenant-command.js';

interface CreateUser {
  readonly name: string;
  readonly role: Role;
  readonly password: string;
}
interface PatchUser {
  readonly role?: Role;
  readonly enabled?: boolean;
  readonly password?: string;
}

/** Events that change a user. */
const CHANGES = [
  'UserRegistered',
  'UserRoleChanged',
  'UserPasswordChanged',
  'UserDisabled',
  'UserEnabled',
  'UserDeleted',
];

/** `/users`: who may sign in to the caller's tenant. */
export function userHandlers({ access, audit }: { readonly access: AccessParts; readonly audit: AuditLog }): Handlers {
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

  /** @throws Refusal `VERSION_CONFLICT` with the user as it is and what has changed it, when `If-Match` does not name its revision */
  const change = async (
    call: Call,
    name: string,
    paths: Paths,
    work: (ifRevision: { readonly ifRevision?: number }) => Promise<void>,
  ): Promise<void> => {
    const { tenant } = call.access;
    const ifMatch = (call.parameters as { readonly 'If-Match'?: string })['If-Match'];
    const conflict = (user: UserEntry): Promise<Refusal> =>
      versionConflict(audit, {
        ...{ tenant, stream: tenantStream(tenant), types: CHANGES, ifMatch: ifMatch ?? '' },
        concerns: (payload) => payload['name'] === name,
        ...{ current: userJson(user), revision: user.revision, paths },
      });
    const now = await readUser(call, name);
    if (!mayChange(ifMatch, now.revision)) throw await conflict(now);
    try {
      await work(boundRevision(ifMatch, now.revision));
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'VERSION_CONFLICT') throw error;
      throw await conflict(await readUser(call, name));
    }
  };

  return {
    async listUsers(call) {
      const items = await tenants.query(tenantStream(call.access.tenant), (state) =>
        [...state.users.values()].map(userJson),
      );
      sendPage(call, items);
    },

    async createUser(call) {
      const { name, role, password } = call.body as CreateUser;
      const verifierSha256 = await storePassword(access, call.access.tenant, name, password);
      await commandTenant(access, call, { type: 'RegisterUser', name, role, verifierSha256 });
      call.response.set('Location', `/api/v1/users/${encodeURIComponent(name)}`);
      await answerUser(call, 201, name);
    },

    async getUser(call) {
      const user = await readUser(call, textParameter(call, 'userName'));
      const known = (call.parameters as { readonly 'If-None-Match'?: string })['If-None-Match'];
      call.response.set('ETag', etagOf(user.revision));
      if (known !== undefined && namesRevision(known, user.revision, true)) call.response.status(304).end();
      else sendJson(call, 200, userJson(user));
    },

    async patchUser(call) {
      const { tenant } = call.access;
      const name = textParameter(call, 'userName');
      const { role, enabled, password } = call.body as PatchUser;
      // The user is read first: no verifier is made for nobody.
      await change(call, name, pathsOfPatch(call.body as object), async (ifRevision) => {
        const verifierSha256 = password === undefined ? undefined : await storePassword(access, tenant, name, password);
        await commandTenant(access, call, { type: 'UpdateUser', name, role, enabled, verifierSha256, ...ifRevision });
        if (verifierSha256 !== undefined) await verifiers.discard(tenant, name, verifierSha256);
      });
      await answerUser(call, 200, name);
    },

    async deleteUser(call) {
      const name = textParameter(call, 'userName');
      await change(call, name, [''], (ifRevision) =>
        commandTenant(access, call, { type: 'DeleteUser', name, ...ifRevision }),
      );
      await verifiers.discard(call.access.tenant, name, undefined);
      call.response.status(204).end();
    },
  };
}

/** Schema `User`. */
function userJson({ name, role, disabledAt, registeredAt, passwordChangedAt, revision }: UserEntry): object {
  return {
    name,
    role,
    enabled: disabledAt === undefined,
    disabledAt: disabledAt === undefined ? null : formatRfc3339(disabledAt),
    registeredAt: formatRfc3339(registeredAt),
    passwordChangedAt: formatRfc3339(passwordChangedAt),
    revision,
  };
}

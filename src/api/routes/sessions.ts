import { FleetlogError } from '../../actors/kernel/errors.js';
import type { Clock } from '../../actors/kernel/ports/surroundings.js';
import { tenantStream } from '../../actors/tenant/events.js';
import type { SessionEntry, TenantState } from '../../actors/tenant/state.js';
import type { AccessParts } from '../access/access.js';
import { DEFAULT_TENANT, sessionStands, sha256OfToken, type SessionGrant } from '../access/auth.js';
import { sendJson, textParameter, type Call, type Handlers, type PublicCall, type PublicHandlers } from '../call.js';
import { checkPassword, storePassword } from '../access/password-check.js';
import { missing, Refusal } from '../problem.js';
import { sendPage } from '../request/page.js';
import { formatRfc3339 } from '../request/rfc3339.js';
import { fromBrowser, refuseCrossSite } from '../access/same-site.js';
import { newPublicId } from '../access/tokens.js';
import type { SessionCookie } from '../access/session-cookie.js';
import type { SignInLimits } from '../access/sign-in-limits.js';
import { commandTenant, commandTenantAs } from './tenant-command.js';

export interface SessionRouteOptions {
  readonly access: AccessParts;
  readonly cookie: SessionCookie;
  readonly limits: SignInLimits;
  readonly clock: Clock;
  readonly randomBytes: (size: number) => Buffer;
}

/** However busy a session is, its user types the password once a week. */
const LIFE_MS = 7 * 24 * 60 * 60 * 1000;
const MAX_USER_AGENT = 256;

/** `POST /sessions`: sign-in, the one operation for which a password counts. */
export function signInHandlers(options: SessionRouteOptions): PublicHandlers {
  const { access, limits } = options;
  return {
    async startSession(call) {
      const { name: account, password } = call.body as { readonly name: string; readonly password: string };
      const { request } = call;
      if (fromBrowser(request)) refuseCrossSite(request); // nobody is to be signed in as somebody else by another page
      const [tenant, name] = readAccount(account);
      const address = request.ip;
      const wait = limits.begin(account, address ?? '');
      if (wait > 0) throw tooManyAttempts(wait);
      if (!access.registry.ready()) throw new FleetlogError('JOURNAL_UNAVAILABLE', 'The users are still being read.');
      const state = access.registry.tenant(tenant);
      const user = state?.users.get(name);
      const right = await checkPassword(access, tenant, user?.verifierSha256, password);
      // A disabled user is told no more than a stranger: who tries passwords learns nothing.
      if (!right || user === undefined || user.disabledAt !== undefined) {
        // A tenant that does not exist gets no stream because somebody has guessed its name.
        access.failedSignIns.note(state === undefined ? DEFAULT_TENANT : tenant, user?.name, address);
        throw new FleetlogError('SIGN_IN_FAILED', 'Name or password is wrong.');
      }
      limits.succeeded(account, address ?? '');
      await startSession(options, call, { tenant, user: name, verifierSha256: user.verifierSha256 });
    },
  };
}

/** `/sessions`, `/sessions/{sessionId}`, `/sessions/current`: an admin sees those of all users, others their own. */
export function sessionHandlers(options: SessionRouteOptions): Handlers {
  const { access, cookie, clock } = options;
  const { tenants, lastUses } = access;

  return {
    async listSessions(call) {
      const { tenant, role, session } = call.access;
      const sees = (entry: SessionEntry): boolean => role === 'admin' || entry.user === session?.user;
      const stands = (entry: SessionEntry): boolean =>
        sessionStands(entry, lastUses.at(tenant, entry.sessionId), clock.now());
      const items = await tenants.query(tenantStream(tenant), (state) =>
        [...state.sessions.values()]
          .filter((entry) => sees(entry) && stands(entry))
          .map((entry) => sessionJson(options, call, state, entry)),
      );
      sendPage(call, items);
    },

    async endSession(call) {
      const { role, session } = call.access;
      const sessionId = textParameter(call, 'sessionId');
      const ofUser = role === 'admin' ? undefined : (session?.user ?? '');
      await commandTenant(access, call, { type: 'EndSession', sessionId, reason: 'ENDED_BY_USER', ofUser });
      call.response.status(204).end();
    },

    async getCurrentSession(call) {
      const { tenant, sessionId } = ownSession(call);
      const session = await tenants.query(tenantStream(tenant), (state) => {
        const entry = state.sessions.get(sessionId);
        return entry && sessionJson(options, call, state, entry);
      });
      if (session === undefined) throw new FleetlogError('TOKEN_EXPIRED', 'The session has ended.');
      sendJson(call, 200, session);
    },

    async endCurrentSession(call) {
      const { sessionId } = ownSession(call);
      await commandTenant(access, call, { type: 'EndSession', sessionId, reason: 'SIGNED_OUT' });
      cookie.clear(call.response);
      // What pages have kept must not be seen with the browser's Back by the next person (Clear Site Data §3.1).
      call.response.set('Clear-Site-Data', '"cache"').status(204).end();
    },

    async changeOwnPassword(call) {
      const { currentPassword, newPassword } = call.body as {
        readonly currentPassword: string;
        readonly newPassword: string;
      };
      const { tenant, user: name } = ownSession(call);
      const account = accountOf(tenant, name);
      const address = call.request.ip ?? '';
      const wait = options.limits.begin(account, address);
      if (wait > 0) throw tooManyAttempts(wait);
      const expected = access.registry.tenant(tenant)?.users.get(name)?.verifierSha256;
      if (!(await checkPassword(access, tenant, expected, currentPassword))) {
        access.failedSignIns.note(tenant, name, call.request.ip);
        const message = 'This is not your password.';
        throw new Refusal('PAYLOAD_INVALID', message, {
          errors: [{ pointer: '/currentPassword', code: 'PAYLOAD_INVALID', message }],
        });
      }
      options.limits.succeeded(account, address);
      const verifierSha256 = await storePassword(access, tenant, name, newPassword);
      await commandTenant(access, call, {
        type: 'UpdateUser',
        name,
        verifierSha256,
        expectedVerifierSha256: expected,
      });
      await access.verifiers.discard(tenant, name, verifierSha256);
      // All sessions have ended, this one too (SEC-75); its user goes on under a new one.
      await startSession(options, call, { tenant, user: name, verifierSha256 });
    },
  };
}

async function startSession(
  options: SessionRouteOptions,
  call: PublicCall,
  who: { readonly tenant: string; readonly user: string; readonly verifierSha256: string },
): Promise<void> {
  const { access, cookie, clock, randomBytes } = options;
  const { tenant, user, verifierSha256 } = who;
  const secret = randomBytes(32).toString('base64url');
  const sessionId = newPublicId(randomBytes);
  const address = call.request.ip;
  const userAgent = call.request.get('user-agent')?.slice(0, MAX_USER_AGENT);
  const session = {
    sessionId,
    sha256: sha256OfToken(secret),
    user,
    expiresAt: clock.now() + LIFE_MS,
    ...(address !== undefined && { address }),
    ...(userAgent !== undefined && userAgent !== '' && { userAgent }),
  };
  const origin = {
    tenant,
    principal: `user/${user}`,
    credential: 'password',
    ...(address !== undefined && { address }),
  };
  await commandTenantAs(access, call, origin, { type: 'StartSession', session, verifierSha256 });
  const started = await access.tenants.query(tenantStream(tenant), (state) => {
    const entry = state.sessions.get(sessionId);
    return entry && sessionJson(options, call, state, entry, sessionId);
  });
  if (started === undefined) throw new FleetlogError('SIGN_IN_FAILED', 'The user has changed meanwhile.');
  cookie.set(call.response, secret, LIFE_MS);
  call.response.set('Location', `/api/v1/sessions/${sessionId}`);
  sendJson(call, 201, started);
}

/** `ann` of the default tenant, or `acme/ann`: as devices name themselves (interfaces.md §3). */
function readAccount(account: string): readonly [tenant: string, user: string] {
  const [first = '', second] = account.split('/');
  return second === undefined ? [DEFAULT_TENANT, first] : [first, second];
}

function accountOf(tenant: string, user: string): string {
  return tenant === DEFAULT_TENANT ? user : `${tenant}/${user}`;
}

function ownSession(call: Call): SessionGrant {
  const { session } = call.access;
  if (session === undefined) throw missing('SESSION_NOT_FOUND');
  return session;
}

function tooManyAttempts(seconds: number): Refusal {
  return new Refusal('RATE_LIMITED', 'Too many attempts.', { headers: { 'Retry-After': String(seconds) } });
}

/** Schema `Session`. The hash of its secret stays inside. @param current id of the caller's session, where the call has none yet */
function sessionJson(
  { access }: SessionRouteOptions,
  call: PublicCall,
  state: TenantState,
  entry: SessionEntry,
  current = call.access?.session?.sessionId,
): object {
  const { sessionId, user, startedAt, expiresAt, address = null, userAgent = null } = entry;
  return {
    id: sessionId,
    user: { name: user, role: state.users.get(user)?.role },
    tenant: state.tenant,
    startedAt: formatRfc3339(startedAt),
    lastUsedAt: formatRfc3339(Math.max(startedAt, access.lastUses.at(state.tenant, sessionId) ?? 0)),
    expiresAt: formatRfc3339(expiresAt),
    address,
    userAgent,
    current: sessionId === current,
  };
}

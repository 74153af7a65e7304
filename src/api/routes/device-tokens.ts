import type { Clock } from '../../actors/kernel/ports/surroundings.js';
import { sha256OfToken } from '../access/auth.js';
import { sendJson, textParameter, type Handlers } from '../call.js';
import { missing } from '../problem.js';
import { sendPage } from '../request/page.js';
import { newToken, readExpiry } from '../access/tokens.js';
import { deviceTokenJson } from './credential-json.js';
import { commandDevice, readRegistered, reasonOf, streamOfPath, type DeviceRouteOptions } from './registered-device.js';

interface DeviceTokenRouteOptions extends DeviceRouteOptions {
  readonly clock: Clock;
  readonly randomBytes: (size: number) => Buffer;
}

/** `/devices/{deviceId}/tokens` and below. */
export function deviceTokenHandlers(options: DeviceTokenRouteOptions): Handlers {
  const { clock, randomBytes } = options;
  return {
    async listDeviceTokens(call) {
      const entries = await readRegistered(options, call, (state) => [...state.tokens.values()]);
      const lastUses = await options.connections.lastUses(call.access.tenant, textParameter(call, 'deviceId'));
      const items = entries.map((entry) => deviceTokenJson(entry, lastUses.get(entry.tokenId), clock.now()));
      sendPage(call, items);
    },

    async issueDeviceToken(call) {
      const { label, expiresAt: until } = (call.body ?? {}) as { readonly label?: string; readonly expiresAt?: string };
      const expiresAt = until === undefined ? undefined : readExpiry(until, clock.now());
      await readRegistered(options, call, () => true);
      const { tokenId, token } = newToken('fld_', randomBytes);
      const given = { ...(expiresAt === undefined ? {} : { expiresAt }), ...(label === undefined ? {} : { label }) };
      const command = { type: 'AddToken', tokenId, sha256: sha256OfToken(token), ...given } as const;
      await commandDevice(options, call, streamOfPath(call), command, { secretAnswer: true });
      call.response.set('Location', `/api/v1/devices/${textParameter(call, 'deviceId')}/tokens/${tokenId}`);
      sendJson(call, 201, { id: tokenId, token, label, expiresAt: until });
    },

    async revokeDeviceToken(call) {
      const tokenId = textParameter(call, 'tokenId');
      const known = await readRegistered(options, call, (state) => state.tokens.has(tokenId));
      if (!known) throw missing('TOKEN_NOT_FOUND');
      const reason = reasonOf(call) ?? 'unspecified';
      await commandDevice(options, call, streamOfPath(call), { type: 'RevokeToken', tokenId, reason });
      call.response.status(204).end();
    },
  };
}

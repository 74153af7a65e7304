import type { IConnectPacket } from 'mqtt-packet';
import type { DeviceCommand } from '../../actors/device/commands.js';
import type { DeviceState } from '../../actors/device/state.js';
import { isIdentifier } from '../../actors/kernel/identifier.js';
import type { DeviceIndex } from '../../actors/kernel/ports/device-index.js';
import type { EntityDirectory } from '../../actors/kernel/ports/entities.js';
import type { Clock } from '../../actors/kernel/ports/surroundings.js';
import type { Peer } from './access.js';
import { ConnectRefused, REFUSES } from './connack.js';
import { clientIdOf, streamOfDevice, type Connection } from './connection.js';
import { tokenClaim, type Claim } from './credential.js';
import type { MqttLimits } from './limits.js';
import { createKeyedBuckets } from './token-bucket.js';
import { createWrongTokens } from './wrong-tokens.js';

/** The verified certificate wins; a token is asked for only where there is none. */
export function claimOf(connection: Connection, packet: IConnectPacket, now: number): Claim {
  const { identity, listener } = connection;
  if (identity) {
    // Resumption of a TLS session does not verify again (SEC-06).
    if (identity.notAfter <= now) throw new ConnectRefused(REFUSES.notAuthorized, 'CREDENTIAL_EXPIRED');
    const { tenant, device, fingerprint } = identity;
    return { kind: 'certificate', peer: { tenant, device }, credential: { kind: 'certificate', fingerprint } };
  }
  // Its names may not be used (SEC-03).
  if (listener === 'mqtts') throw new ConnectRefused(REFUSES.notAuthorized, 'CREDENTIAL_UNKNOWN');
  const claim = tokenClaim(packet.username, packet.password);
  if (!claim) throw new ConnectRefused(REFUSES.badCredentials, 'CREDENTIAL_UNKNOWN');
  return claim;
}

export interface IdentificationOptions {
  readonly devices: Pick<EntityDirectory<DeviceCommand, DeviceState>, 'query'>;
  readonly deviceIndex: Pick<DeviceIndex, 'deviceOfToken'>;
  readonly limits: MqttLimits;
  readonly clock: Clock;
}

/** Finds the device that a claim is about, and bounds how often anybody may try (SEC-11). Each refusal is thrown. */
export interface Identification {
  /** The device of a claim, and a hearing for its tries. */
  peerOf(connection: Connection, claim: Claim): Promise<Peer>;
  /** Counts a token that its device does not know, and gives the refusal. */
  badToken(connection: Connection, peer: Peer, reason: string): ConnectRefused;
  /**
   * The client id on the wire is free text, but not the name of another device (SEC-04). Whoever shows no good token hears of
   * that alone, whatever the client id: the refusal would tell a stranger which devices there are (SEC-45).
   */
  refuseForeignClientId(connection: Connection, peer: Peer, clientId: string, claim: Claim): Promise<void>;
}

export function createIdentification(options: IdentificationOptions): Identification {
  const { devices, deviceIndex, limits, clock } = options;
  const connects = createKeyedBuckets(limits.connectRate, limits.connectBurst);
  const wrongTokens = createWrongTokens(clock);

  async function peerOf(connection: Connection, claim: Claim): Promise<Peer> {
    const { peer } = claim;
    if (claim.kind === 'certificate') {
      if (!connects.tryTake(clientIdOf(claim.peer), clock.monotonic()))
        throw new ConnectRefused(REFUSES.serverUnavailable, 'RATE_LIMITED');
      return claim.peer;
    }
    // The address belongs to the key: a stranger with a wrong token must not use up the device's own tries.
    const { address } = connection;
    const keys = [`address ${address}`, ...(peer ? [`device ${clientIdOf(peer)} ${address}`] : [])];
    if (!keys.every((key) => wrongTokens.mayTry(key)))
      throw new ConnectRefused(REFUSES.serverUnavailable, 'RATE_LIMITED');
    const found = peer ?? (await deviceIndex.deviceOfToken(claim.credential.sha256));
    if (!found) {
      wrongTokens.countWrong(`address ${address}`, limits.wrongTokensPerAddress);
      throw new ConnectRefused(REFUSES.badCredentials, 'CREDENTIAL_UNKNOWN');
    }
    if (!connects.tryTake(`${clientIdOf(found)} ${address}`, clock.monotonic())) {
      throw new ConnectRefused(REFUSES.serverUnavailable, 'RATE_LIMITED');
    }
    return found;
  }

  function badToken({ address }: Connection, peer: Peer, reason: string): ConnectRefused {
    wrongTokens.countWrong(`address ${address}`, limits.wrongTokensPerAddress);
    wrongTokens.countWrong(`device ${clientIdOf(peer)} ${address}`, limits.wrongTokensPerDevice);
    return new ConnectRefused(REFUSES.badCredentials, reason);
  }

  async function refuseForeignClientId(
    connection: Connection,
    peer: Peer,
    clientId: string,
    claim: Claim,
  ): Promise<void> {
    const [tenant, device] = clientId.includes('/') ? clientId.split('/', 2) : [peer.tenant, clientId];
    if (tenant !== peer.tenant || device === peer.device || !isIdentifier(device)) return;
    const isTaken = await devices.query(streamOfDevice({ tenant, device }), (state) => state.status === 'registered');
    if (!isTaken) return;
    if (claim.kind === 'token') {
      const owner = await deviceIndex.deviceOfToken(claim.credential.sha256);
      if (owner?.tenant !== peer.tenant || owner.device !== peer.device)
        throw badToken(connection, peer, 'CREDENTIAL_UNKNOWN');
    }
    throw new ConnectRefused(REFUSES.notAuthorized, 'CLIENT_ID_FORBIDDEN');
  }

  return { peerOf, badToken, refuseForeignClientId };
}

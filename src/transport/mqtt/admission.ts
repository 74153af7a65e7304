import type { IConnectPacket } from 'mqtt-packet';
import type { ConnectDevice, Credential, DeviceCommand } from '../../actors/device/commands.js';
import type { DeviceState } from '../../actors/device/state.js';
import type { EntityDirectory, Origin, Outcome, Recorded } from '../../actors/kernel/ports/entities.js';
import type { Logger } from '../../actors/kernel/ports/surroundings.js';
import type { NodeName } from '../../actors/kernel/ports/nodes.js';
import { may, type Peer } from './access.js';
import { connack, ConnectRefused, REFUSES } from './connack.js';
import { clientIdOf, closeConnection, streamOfDevice, type Connection } from './connection.js';
import { tokenClaim, type Claim } from './credential.js';
import { claimOf, createIdentification, type IdentificationOptions } from './identification.js';
import type { MqttLimits } from './limits.js';
import type { Attendance, LiveConnections } from './live-connections.js';
import { Routes } from './routes.js';
import type { MqttMetrics } from './metrics.js';
import type { RefusalNotes } from './refused-connects.js';
import { prefixTopics, prefixWill } from './tenant-topics.js';
import { createKeyedBuckets } from './token-bucket.js';
import { isWellFormedText } from './topics.js';

/** Changes of the connection of one device in a minute that are worth a warning (SEC-07). */
const RESTLESS_CHANGES = 6;
const MINUTE_MS = 60_000;

export interface AdmissionOptions extends IdentificationOptions {
  readonly devices: EntityDirectory<DeviceCommand, DeviceState>;
  readonly live: LiveConnections;
  readonly node: NodeName;
  readonly logger: Logger;
  readonly metrics: MqttMetrics;
  readonly refusals: Pick<RefusalNotes, 'note'>;
  /** The device was admitted when its socket was gone already. */
  readonly onLate: (connection: Connection) => void;
  /** The device was admitted when its CONNECT had been refused already, because the answer took too long. */
  readonly onUnattended: (connected: Recorded, origin: Origin) => void;
}

/**
 * Decides who a CONNECT is, all of it before aedes touches a session (A9). The credential names the device, the device's actor
 * has the last word and gives the session epoch. A refusal writes its own CONNACK, since aedes would send none (A11).
 */
export interface Admission {
  /** Resolves with `undefined` when admitted, or with the error that closes the socket, after its CONNACK was sent. */
  admit(connection: Connection, packet: IConnectPacket): Promise<Error | undefined>;
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { devices, limits, live, clock, metrics } = options;
  const identification = createIdentification(options);
  const restless = createKeyedBuckets(RESTLESS_CHANGES / (MINUTE_MS / 1000), RESTLESS_CHANGES);

  /**
   * Asks the device's actor and reads what its answer led to. Both go into its inbox in one turn, so that no other connection
   * of the device can come between.
   */
  async function openSession(connection: Connection, packet: IConnectPacket, peer: Peer, claim: Claim): Promise<void> {
    const { credential } = claim;
    const { address } = connection;
    const stream = streamOfDevice(peer);
    const fingerprint = credential.kind === 'certificate' ? credential.fingerprint : undefined;
    const origin: Origin = {
      tenant: peer.tenant,
      principal: `device/${peer.device}`,
      ...(fingerprint === undefined ? {} : { credential: fingerprint }),
      address,
    };
    // From here on revocations find this connection, whatever comes first.
    const attendance: Attendance = { connection, peer, credential: fingerprint, sessionEpoch: 0, sequence: 0 };
    live.attend(attendance);
    const abandon = (outcome: Outcome): void => {
      if (outcome.kind === 'accepted' && outcome.recorded) options.onUnattended(outcome.recorded, origin);
    };
    const answer = devices.request(stream, connectCommand(connection, packet, credential, options.node), origin, {
      timeoutMs: limits.connectMs,
      patient: true,
      late: abandon,
    });
    const reading = devices.query(stream, readSession);
    reading.catch(() => undefined); // it is not asked for when the answer is no
    const outcome = await answer;
    if (outcome.kind === 'failed') throw new ConnectRefused(REFUSES.serverUnavailable, outcome.code);
    if (outcome.kind === 'rejected') {
      const { code } = outcome.rejection;
      // A device that is not there answers a token like one that does not know it (SEC-45), and such tries are counted alike.
      const isBadToken = credential.kind === 'token' && (code.startsWith('CREDENTIAL') || code === 'DEVICE_UNKNOWN');
      throw isBadToken
        ? identification.badToken(connection, peer, code)
        : new ConnectRefused(REFUSES.notAuthorized, code);
    }
    const { policySequence, ...session } = await reading.catch((error: unknown) => {
      abandon(outcome);
      throw error;
    });
    attendance.credential = session.credential;
    attendance.sessionEpoch = session.sessionEpoch;
    attendance.sequence = outcome.recorded?.sequence ?? 0;
    connection.session = {
      peer,
      stream,
      sessionEpoch: session.sessionEpoch,
      expiresAt: session.expiresAt,
      routes: new Routes(peer),
      granted: new Set(),
      origin: {
        ...origin,
        credential: session.credential,
        sessionEpoch: session.sessionEpoch,
        policy: `${stream}:${policySequence}`,
      },
    };
    if (connection.ended) options.onLate(connection);
    else takeOver(attendance);
  }

  /** The newest connection stays (SEC-07). */
  function takeOver(attendance: Attendance): void {
    const { peer } = attendance;
    const newest = live.newest(peer);
    for (const other of live.of(peer)) {
      if (other.sessionEpoch === 0 || other === newest) continue;
      closeConnection(other.connection, 'TAKEN_OVER');
      if (restless.tryTake(clientIdOf(peer), clock.monotonic())) continue;
      const addresses = [other.connection.address, attendance.connection.address];
      options.logger.warn(
        { tenant: peer.tenant, deviceId: peer.device, addresses },
        'Two clients fight over one credential',
      );
    }
  }

  async function decide(connection: Connection, packet: IConnectPacket): Promise<void> {
    refuseIllFormed(packet, limits);
    const claim = claimOf(connection, packet, clock.now());
    // Known before the first `await` for every credential that names its device, so that topics can be prefixed at once.
    connection.tenant = claim.peer?.tenant;
    const clientId = packet.clientId;
    const peer = await identification.peerOf(connection, claim);
    if (connection.tenant === undefined) {
      connection.tenant = peer.tenant;
      for (const early of connection.client._parser._queue ?? []) {
        prefixTopics(connection, peer.tenant, early, limits.filtersPerSubscribe);
      }
    }
    if (packet.will) {
      if (!may(peer, 'publish', packet.will.topic)) throw new ConnectRefused(REFUSES.notAuthorized, 'TOPIC_FORBIDDEN');
      prefixWill(peer.tenant, packet.will);
    }
    await identification.refuseForeignClientId(connection, peer, clientId, claim);
    await openSession(connection, packet, peer, claim);
    packet.clientId = clientIdOf(peer);
  }

  return {
    async admit(connection, packet) {
      try {
        const maximum = limits.keepAliveSeconds;
        // 0 would mean: never time out; 3.1.1 has no code to refuse a long one (A17).
        if (!packet.keepalive || packet.keepalive > maximum) packet.keepalive = maximum;
        await decide(connection, packet);
        return connection.ended || connection.client.closed ? new Error('the client has gone') : undefined;
      } catch (error) {
        live.leave(connection);
        const refusal =
          error instanceof ConnectRefused
            ? error
            : new ConnectRefused(REFUSES.serverUnavailable, 'JOURNAL_UNAVAILABLE');
        metrics.refused.inc(1, { reason: refusal.reason });
        options.refusals.note({ ...whoFailed(connection, packet), address: connection.address, code: refusal.reason });
        if (!(error instanceof ConnectRefused))
          options.logger.warn({ err: error }, 'A connection could not be decided');
        await sendConnack(connection, refusal);
        return refusal;
      }
    },
  };
}

/** Whom a refused CONNECT names. Never its user name as it is, which may be a token. */
function whoFailed(
  { identity }: Connection,
  { username, password }: IConnectPacket,
): { readonly peer: Peer | undefined; readonly isVouched: boolean } {
  const peer = identity ?? tokenClaim(username, password)?.peer;
  return { peer: peer && { tenant: peer.tenant, device: peer.device }, isVouched: identity !== undefined };
}

function connectCommand(
  connection: Connection,
  packet: IConnectPacket,
  credential: Credential,
  node: NodeName,
): ConnectDevice {
  return {
    type: 'ConnectDevice',
    credential,
    connection: {
      clientId: packet.clientId,
      address: connection.address,
      listener: connection.listener,
      protocolLevel: packet.protocolVersion ?? 4,
      keepAlive: packet.keepalive ?? 0,
      cleanSession: packet.clean ?? true,
      node: node.id,
      life: node.life,
    },
  };
}

/** What a session keeps of its device's state. */
function readSession({ connection, certificates, tokens }: DeviceState) {
  const credential = connection.credential ?? '';
  return {
    sessionEpoch: connection.sessionEpoch,
    policySequence: connection.policySequence,
    credential,
    expiresAt: certificates.get(credential)?.notAfter ?? tokens.get(credential)?.expiresAt,
  };
}

function refuseIllFormed(packet: IConnectPacket, limits: MqttLimits): void {
  if (packet.protocolVersion !== 3 && packet.protocolVersion !== 4) {
    throw new ConnectRefused(REFUSES.unacceptableProtocol, 'PROTOCOL_LEVEL');
  }
  if (!isWellFormedText(packet.clientId, limits.textBytes) || (packet.clientId === '' && !packet.clean)) {
    throw new ConnectRefused(REFUSES.identifierRejected, 'CLIENT_ID_INVALID');
  }
  if (packet.username !== undefined && !isWellFormedText(packet.username, limits.textBytes)) {
    throw new ConnectRefused(REFUSES.badCredentials, 'USER_NAME_INVALID');
  }
}

/** Resolves when the bytes are out or the socket is gone, so that closing does not overtake the answer. */
function sendConnack({ socket }: Connection, { returnCode }: ConnectRefused): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) {
      resolve();
      return;
    }
    socket.once('close', resolve);
    socket.end(connack(returnCode), () => resolve());
  });
}

import type { IConnectPacket } from 'mqtt-packet';
import type { ConnectDevice, Credential, DeviceCommand } from '../../actors/device/commands.js';
import type { DeviceState } from '../../actors/device/state.js';
import { isIdentifier } from '../../actors/kernel/identifier.js';
import type { DeviceIndex } from '../../actors/kernel/ports/device-index.js';
import type { EntityDirectory, Origin, Outcome, Recorded } from '../../actors/kernel/ports/entities.js';
import type { Clock, Logger } from '../../actors/kernel/ports/surroundings.js';
import type { NodeName } from '../../actors/kernel/ports/nodes.js';
import { may, type Peer } from './access.js';
import { connack, type ConnackCode } from './connack.js';
import { clientIdOf, closeConnection, streamOfDevice, type Connection } from './connection.js';
import { tokenClaim, type Claim } from './credential.js';
import type { MqttLimits } from './limits.js';
import type { Attendance, LiveConnections } from './live-connections.js';
import { Routes } from './routes.js';
import type { MqttMetrics } from './metrics.js';
import type { RefusalNotes } from './refused-connects.js';
import { prefixTopics, prefixWill } from './tenant-topics.js';
import { createKeyedBuckets } from './token-bucket.js';
import { isWellFormedText } from './topics.js';
import { createWrongTokens } from './wrong-tokens.js';

const UNACCEPTABLE_PROTOCOL = 1;
const IDENTIFIER_REJECTED = 2;
const SERVER_UNAVAILABLE = 3;
const BAD_CREDENTIALS = 4;
const NOT_AUTHORIZED = 5;
/** Changes of the connection of one device in a minute that are worth a warning (SEC-07). */
const RESTLESS_CHANGES = 6;
const MINUTE_MS = 60_000;

export interface AdmissionOptions {
  readonly devices: EntityDirectory<DeviceCommand, DeviceState>;
  readonly deviceIndex: Pick<DeviceIndex, 'deviceOfToken'>;
  readonly limits: MqttLimits;
  readonly live: LiveConnections;
  readonly node: NodeName;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: MqttMetrics;
  readonly refusals: Pick<RefusalNotes, 'note'>;
  /** The device was admitted when its socket was gone already. */
  readonly onLate: (connection: Connection) => void;
  /** The device was admitted when its CONNECT had been refused already, because the answer took too long. */
  readonly onUnattended: (connected: Recorded, origin: Origin) => void;
}

/** A refused CONNECT: what the client sees, and what the log says. */
class Refused extends Error {
  constructor(
    readonly returnCode: ConnackCode,
    readonly reason: string,
  ) {
    super(reason);
  }
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
  const connects = createKeyedBuckets(limits.connectRate, limits.connectBurst);
  const wrongTokens = createWrongTokens(clock);
  const restless = createKeyedBuckets(RESTLESS_CHANGES / (MINUTE_MS / 1000), RESTLESS_CHANGES);

  /** The device of a claim, and a hearing for its tries. */
  async function peerOf(connection: Connection, claim: Claim): Promise<Peer> {
    const { peer } = claim;
    if (claim.kind === 'certificate') {
      if (!connects.tryTake(clientIdOf(claim.peer), clock.monotonic()))
        throw new Refused(SERVER_UNAVAILABLE, 'RATE_LIMITED');
      return claim.peer;
    }
    // The address belongs to the key: a stranger with a wrong token must not use up the device's own tries.
    const { address } = connection;
    const keys = [`address ${address}`, ...(peer ? [`device ${clientIdOf(peer)} ${address}`] : [])];
    if (!keys.every((key) => wrongTokens.mayTry(key))) throw new Refused(SERVER_UNAVAILABLE, 'RATE_LIMITED');
    const found = peer ?? (await options.deviceIndex.deviceOfToken(claim.credential.sha256));
    if (!found) {
      wrongTokens.countWrong(`address ${address}`, limits.wrongTokensPerAddress);
      throw new Refused(BAD_CREDENTIALS, 'CREDENTIAL_UNKNOWN');
    }
    if (!connects.tryTake(`${clientIdOf(found)} ${address}`, clock.monotonic())) {
      throw new Refused(SERVER_UNAVAILABLE, 'RATE_LIMITED');
    }
    return found;
  }

  /** Counts the try, and gives the refusal. */
  function badToken({ address }: Connection, peer: Peer, reason: string): Refused {
    wrongTokens.countWrong(`address ${address}`, limits.wrongTokensPerAddress);
    wrongTokens.countWrong(`device ${clientIdOf(peer)} ${address}`, limits.wrongTokensPerDevice);
    return new Refused(BAD_CREDENTIALS, reason);
  }

  /**
   * The client id on the wire is free text, but not the name of another device (SEC-04). Whoever shows no good token hears of
   * that alone, whatever the client id: the refusal would tell a stranger which devices there are (SEC-45).
   */
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
      const owner = await options.deviceIndex.deviceOfToken(claim.credential.sha256);
      if (owner?.tenant !== peer.tenant || owner.device !== peer.device)
        throw badToken(connection, peer, 'CREDENTIAL_UNKNOWN');
    }
    throw new Refused(NOT_AUTHORIZED, 'CLIENT_ID_FORBIDDEN');
  }

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
      late: abandon,
    });
    const reading = devices.query(stream, readSession);
    reading.catch(() => undefined); // it is not asked for when the answer is no
    const outcome = await answer;
    if (outcome.kind === 'failed') throw new Refused(SERVER_UNAVAILABLE, outcome.code);
    if (outcome.kind === 'rejected') {
      const { code } = outcome.rejection;
      // A device that is not there answers a token like one that does not know it (SEC-45), and such tries are counted alike.
      const isBadToken = credential.kind === 'token' && (code.startsWith('CREDENTIAL') || code === 'DEVICE_UNKNOWN');
      throw isBadToken ? badToken(connection, peer, code) : new Refused(NOT_AUTHORIZED, code);
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
    const peer = await peerOf(connection, claim);
    if (connection.tenant === undefined) {
      connection.tenant = peer.tenant;
      for (const early of connection.client._parser._queue ?? []) {
        prefixTopics(connection, peer.tenant, early, limits.filtersPerSubscribe);
      }
    }
    if (packet.will) {
      if (!may(peer, 'publish', packet.will.topic)) throw new Refused(NOT_AUTHORIZED, 'TOPIC_FORBIDDEN');
      prefixWill(peer.tenant, packet.will);
    }
    await refuseForeignClientId(connection, peer, clientId, claim);
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
        const refusal = error instanceof Refused ? error : new Refused(SERVER_UNAVAILABLE, 'JOURNAL_UNAVAILABLE');
        metrics.refused.inc(1, { reason: refusal.reason });
        options.refusals.note({ ...whoFailed(connection, packet), address: connection.address, code: refusal.reason });
        if (!(error instanceof Refused)) options.logger.warn({ err: error }, 'A connection could not be decided');
        await sendConnack(connection, refusal.returnCode);
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
    throw new Refused(UNACCEPTABLE_PROTOCOL, 'PROTOCOL_LEVEL');
  }
  if (!isWellFormedText(packet.clientId, limits.textBytes) || (packet.clientId === '' && !packet.clean)) {
    throw new Refused(IDENTIFIER_REJECTED, 'CLIENT_ID_INVALID');
  }
  if (packet.username !== undefined && !isWellFormedText(packet.username, limits.textBytes)) {
    throw new Refused(BAD_CREDENTIALS, 'USER_NAME_INVALID');
  }
}

/** The verified certificate wins; a token is asked for only where there is none. */
function claimOf(connection: Connection, packet: IConnectPacket, now: number): Claim {
  const { identity, listener } = connection;
  if (identity) {
    // Resumption of a TLS session does not verify again (SEC-06).
    if (identity.notAfter <= now) throw new Refused(NOT_AUTHORIZED, 'CREDENTIAL_EXPIRED');
    const { tenant, device, fingerprint } = identity;
    return { kind: 'certificate', peer: { tenant, device }, credential: { kind: 'certificate', fingerprint } };
  }
  // Its names may not be used (SEC-03).
  if (listener === 'mqtts') throw new Refused(NOT_AUTHORIZED, 'CREDENTIAL_UNKNOWN');
  const claim = tokenClaim(packet.username, packet.password);
  if (!claim) throw new Refused(BAD_CREDENTIALS, 'CREDENTIAL_UNKNOWN');
  return claim;
}

/** Resolves when the bytes are out or the socket is gone, so that closing does not overtake the answer. */
function sendConnack({ socket }: Connection, returnCode: ConnackCode): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) {
      resolve();
      return;
    }
    socket.once('close', resolve);
    socket.end(connack(returnCode), () => resolve());
  });
}

import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { cryptoProvider, Pkcs10CertificateRequestGenerator, PemConverter } from '@peculiar/x509';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import type { FleetlogProcess } from './fleetlog-process.js';

cryptoProvider.set(webcrypto);

/** A device with a certificate from the REST API, as a user would make it: the key never leaves this side. */
export interface EnrolledDevice {
  readonly id: string;
  /** PEM. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
  /** PEM of the authority. */
  readonly ca: string;
  readonly fingerprint: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A P-256 key and a CSR for it, both PEM. */
export async function makeCsr(commonName: string): Promise<{ key: string; csr: string }> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: `CN=${commonName}`,
    keys,
    signingAlgorithm: ALGORITHM,
  });
  return {
    key: PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY'),
    csr: request.toString('pem'),
  };
}

/** Registers the device and issues its certificate over REST. */
export async function enrol(server: FleetlogProcess, id: string): Promise<EnrolledDevice> {
  await expectStatus(await server.call('POST', '/devices', { id }), 201);
  return certify(server, id);
}

/** Issues a certificate over REST for a device that is registered. */
export async function certify(server: FleetlogProcess, id: string): Promise<EnrolledDevice> {
  const { key, csr } = await makeCsr(id);
  const issued = await expectStatus(await server.call('POST', `/devices/${id}/certificates`, { csr }), 201);
  const { certificate, ca, fingerprint } = issued as { certificate: string; ca: string; fingerprint: string };
  return { id, key, certificate, ca, fingerprint };
}

async function expectStatus(response: Response, status: number): Promise<unknown> {
  const text = await response.text();
  if (response.status !== status) throw new Error(`expected ${status}, got ${response.status}: ${text}`);
  return JSON.parse(text);
}

/** Options of mqtt.js for mutual TLS as this device. */
export function mutualTls(device: EnrolledDevice, port: number, options: IClientOptions = {}): IClientOptions {
  return {
    protocol: 'mqtts',
    host: '127.0.0.1',
    port,
    clientId: device.id,
    key: device.key,
    cert: device.certificate,
    ca: device.ca,
    protocolVersion: 4,
    reconnectPeriod: 0,
    ...options,
  };
}

/** Rejects when it is refused, also without a word, unless the options have it try again. */
export function connectDevice(device: EnrolledDevice, port: number, options: IClientOptions = {}): Promise<MqttClient> {
  const triesAgain = (options.reconnectPeriod ?? 0) > 0;
  return mqtt.connectAsync(`mqtts://127.0.0.1:${port}`, mutualTls(device, port, options), triesAgain);
}

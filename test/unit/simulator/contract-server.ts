import { createHash, X509Certificate } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildDevice } from '../../../src/transport/pki/certificate-builder.js';
import { readCertificateRequest } from '../../../src/transport/pki/csr.js';
import { createTestAuthority } from '../../support/mqtt-certificates.js';

const TOKEN = 'the token of an admin';
const DAY_MS = 86_400_000;
const MAX_ACTIVE = 2;

interface IssuedCertificate {
  readonly fingerprint: string;
  readonly certificate: string;
  state: 'active' | 'revoked';
}

/** The part of the REST contract that the simulator uses, on loopback, with certificates of an authority of its own. */
export interface ContractServer {
  readonly url: string;
  readonly token: string;
  /** Certificates by device id, the oldest first. */
  readonly devices: ReadonlyMap<string, IssuedCertificate[]>;
  /** `METHOD path`, of every call in their order. */
  readonly calls: string[];
  /** How long new certificates are valid. */
  validMs: number;
  /** Answers the next calls with this status, one after the other, and `Retry-After: 0`. */
  refuseNext(...statuses: number[]): void;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

const problem = (status: number, code: string): Answer => ({ status, body: { code, title: code, detail: `${code}.` } });

export async function startContractServer(): Promise<ContractServer> {
  const authority = await createTestAuthority();
  const devices = new Map<string, IssuedCertificate[]>();
  const refusals: number[] = [];
  const calls: string[] = [];

  const issue = async (device: string, certificates: IssuedCertificate[], csr: string): Promise<Answer> => {
    if (certificates.filter(({ state }) => state === 'active').length >= MAX_ACTIVE)
      return problem(409, 'CERTIFICATE_LIMIT');
    const { publicKey } = readCertificateRequest(csr);
    const validity = { notBefore: Date.now() - DAY_MS, notAfter: Date.now() + contract.validMs };
    const certificate = await buildDevice(authority.issuer, publicKey, { tenant: 'default', device }, validity);
    const fingerprint = createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex');
    certificates.push({ fingerprint, certificate, state: 'active' });
    return { status: 201, body: { fingerprint, certificate, ca: authority.cert } };
  };

  const answer = async (request: IncomingMessage, body: string): Promise<Answer> => {
    const { method, url = '' } = request;
    calls.push(`${method} ${url}`);
    const refusal = refusals.shift();
    if (refusal !== undefined) return problem(refusal, 'REFUSED');
    if (url === '/ca.pem') return { status: 200, body: authority.cert };
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return problem(401, 'TOKEN_MISSING');
    const [, , , , device = '', , fingerprint] = url.split('/');
    if (url === '/api/v1/devices') {
      const { id } = JSON.parse(body) as { id: string };
      if (devices.has(id)) return problem(409, 'DEVICE_EXISTS');
      devices.set(id, []);
      return { status: 201, body: { id } };
    }
    const certificates = devices.get(device);
    if (!certificates) return problem(404, 'DEVICE_NOT_FOUND');
    if (method === 'GET') return { status: 200, body: { items: certificates, next: null } };
    if (method === 'POST') return issue(device, certificates, (JSON.parse(body) as { csr: string }).csr);
    for (const certificate of certificates) if (certificate.fingerprint === fingerprint) certificate.state = 'revoked';
    return { status: 204 };
  };

  const reply = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { status, body } = await answer(request, Buffer.concat(await request.toArray()).toString());
    response.writeHead(status, { 'retry-after': '0' });
    response.end(typeof body === 'string' ? body : body && JSON.stringify(body));
  };
  const server = createServer((request, response) => void reply(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const contract: ContractServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: TOKEN,
    devices,
    calls,
    validMs: 100 * DAY_MS,
    refuseNext: (...statuses) => void refusals.push(...statuses),
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return contract;
}

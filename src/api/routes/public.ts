import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { FleetlogError } from '../../actors/kernel/errors.js';
import type { PublicCall, PublicHandlers } from '../call.js';
import { sendJson } from '../call.js';

/** Whether events are accepted, and how each part is (`/readyz`). */
export interface Readiness {
  readonly ready: boolean;
  readonly parts: Readonly<Record<string, { readonly state: 'ok' | 'degraded' | 'down'; readonly reason?: string }>>;
}

export interface PublicRouteOptions {
  readonly ready: () => Readiness | Promise<Readiness>;
  /** Prometheus text format. */
  readonly metrics: () => Promise<string>;
  /** PEM. */
  readonly authorityCertificate: string;
  readonly contract: object;
  /** Details are for holders of a token, and for everybody on a server that listens on loopback alone (SEC-89). */
  readonly loopback: boolean;
}

const MESSAGING_FILE = new URL('../../../src/api/asyncapi.yaml', import.meta.url);

/** What stands outside `/api/v1`. */
export function publicHandlers(options: PublicRouteOptions): PublicHandlers {
  const { ready, metrics, authorityCertificate, contract, loopback } = options;
  const contractText = JSON.stringify(contract);
  const messagingText = JSON.stringify(parse(readFileSync(MESSAGING_FILE, 'utf8')));
  const trusts = (call: PublicCall): boolean => loopback || call.access !== undefined;
  return {
    getHealth(call) {
      call.response.type('text/plain').send('ok');
    },
    async getReadiness(call) {
      const { ready: isReady, parts } = await ready();
      const degraded = Object.values(parts).some(({ state }) => state !== 'ok');
      const status = isReady ? (degraded ? 'degraded' : 'ready') : 'unready';
      sendJson(call, isReady ? 200 : 503, trusts(call) ? { status, parts } : { status });
    },
    async getMetrics(call) {
      if (!trusts(call)) throw new FleetlogError('TOKEN_MISSING', 'Metrics need a token here.');
      call.response.set('Content-Type', 'text/plain; version=0.0.4; charset=utf-8').send(await metrics());
    },
    getCertificateAuthority(call) {
      call.response.type('application/x-pem-file').send(authorityCertificate);
    },
    getContract(call) {
      call.response.type('application/json').send(contractText);
    },
    getMessagingContract(call) {
      call.response.type('application/json').send(messagingText);
    },
  };
}

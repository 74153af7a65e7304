import type { DeviceState } from '../../actors/device/state.js';
import type { CertificateAuthority, IssuedCertificate, NewKeyType } from '../../actors/kernel/ports/certificates.js';
import type { Clock } from '../../actors/kernel/ports/surroundings.js';
import type { Bundles } from '../bundles.js';
import { sendJson, textParameter, type Call, type Handlers } from '../call.js';
import type { Doing } from '../request/outcome.js';
import { sendPage } from '../request/page.js';
import { missing, Refusal } from '../problem.js';
import { certificatesJson, issuedCertificateJson } from './credential-json.js';
import { commandDevice, readRegistered, reasonOf, streamOfPath, type DeviceRouteOptions } from './registered-device.js';

interface CertificateRouteOptions extends DeviceRouteOptions {
  readonly authority: CertificateAuthority;
  readonly bundles: Bundles;
  readonly clock: Clock;
}

/** `/devices/{deviceId}/certificates` and below. */
export function certificateHandlers(options: CertificateRouteOptions): Handlers {
  const { authority, bundles, clock } = options;
  const answerIssued = (call: Call, issued: IssuedCertificate, bundle?: string): void => {
    call.response.set('Location', pathOf(call, issued.fingerprint));
    sendJson(call, 201, issuedCertificateJson(issued, authority.certificate, bundle));
  };
  const addCertificate = (call: Call, issued: IssuedCertificate, doing?: Doing): Promise<unknown> => {
    const { fingerprint, serial, certificate, keyType, publicKeySha256, notBefore, notAfter } = issued;
    const data = { fingerprint, serial, certificate, keyType, publicKeySha256, notBefore, notAfter };
    return commandDevice(options, call, streamOfPath(call), { type: 'AddCertificate', certificate: data }, doing);
  };

  const issueFromCsr = async (call: Call, csr: string): Promise<void> => {
    const publicKey = await authority.publicKeyOfCsr(csr);
    const active = (): Promise<IssuedCertificate | undefined> =>
      readRegistered(options, call, (state) => activeCertificateOf(state, publicKey, clock.now()));
    const known = await active();
    if (known !== undefined) {
      answerIssued(call, known);
      return;
    }
    const issued = await authority.issueFromCsr(csr, subjectOf(call));
    await addCertificate(call, issued);
    // Of two requests with one key the device takes one certificate: the one that it has is the answer to both (SEC-23).
    answerIssued(call, (await active()) ?? issued);
  };

  const issueWithKey = async (call: Call, keyType: NewKeyType): Promise<void> => {
    await readRegistered(options, call, () => true);
    bundles.reserve();
    const { privateKey, pkcs12, ...issued } = await authority.issueWithKey(subjectOf(call), keyType);
    await addCertificate(call, issued, { secretAnswer: true });
    bundles.keep(bundleKey(call, issued.fingerprint), {
      device: textParameter(call, 'deviceId'),
      certificate: issued.certificate,
      privateKey,
      authority: authority.certificate,
      ...(pkcs12 === undefined ? {} : { pkcs12 }),
    });
    answerIssued(call, issued, `${pathOf(call, issued.fingerprint)}/bundle`);
  };

  return {
    async listCertificates(call) {
      const entries = await readRegistered(options, call, (state) => [...state.certificates.values()]);
      const { tenant } = call.access;
      const lastUses = await options.connections.lastUses(tenant, textParameter(call, 'deviceId'));
      sendPage(call, certificatesJson(entries, lastUses, clock.now()));
    },

    issueCertificate(call) {
      const { csr, keyType = 'P-256' } = call.body as { readonly csr?: string; readonly keyType?: NewKeyType };
      return csr === undefined ? issueWithKey(call, keyType) : issueFromCsr(call, csr);
    },

    async fetchBundle(call) {
      const fingerprint = textParameter(call, 'fingerprint');
      await requireCertificate(options, call, fingerprint);
      // A look at the headers must not use up the one download.
      if (call.request.method === 'HEAD')
        throw new Refusal('METHOD_NOT_ALLOWED', 'A bundle is fetched by GET, once.', { headers: { Allow: 'GET' } });
      const zip = bundles.take(bundleKey(call, fingerprint));
      const name = `${textParameter(call, 'deviceId').replaceAll(':', '_')}.zip`;
      call.response.set('Content-Disposition', `attachment; filename="${name}"`).type('application/zip').send(zip);
    },

    async revokeCertificate(call) {
      const fingerprint = textParameter(call, 'fingerprint');
      await requireCertificate(options, call, fingerprint);
      const reason = reasonOf(call) ?? 'unspecified';
      await commandDevice(options, call, streamOfPath(call), { type: 'RevokeCertificate', fingerprint, reason });
      call.response.status(204).end();
    },
  };
}

function subjectOf(call: Call): { readonly tenant: string; readonly device: string } {
  return { tenant: call.access.tenant, device: textParameter(call, 'deviceId') };
}

function pathOf(call: Call, fingerprint: string): string {
  return `/api/v1/devices/${textParameter(call, 'deviceId')}/certificates/${fingerprint}`;
}

function bundleKey(call: Call, fingerprint: string): string {
  return `${streamOfPath(call)}/${fingerprint}`;
}

/** @throws FleetlogError `CERTIFICATE_NOT_FOUND`, `DEVICE_NOT_FOUND` */
async function requireCertificate(options: DeviceRouteOptions, call: Call, fingerprint: string): Promise<void> {
  const known = await readRegistered(options, call, (state) => state.certificates.has(fingerprint));
  if (!known) throw missing('CERTIFICATE_NOT_FOUND');
}

/** The certificate that the device has for this key, neither revoked nor expired. */
function activeCertificateOf(state: DeviceState, publicKeySha256: string, now: number): IssuedCertificate | undefined {
  return [...state.certificates.values()].find(
    (entry) => entry.publicKeySha256 === publicKeySha256 && entry.revokedAt === undefined && entry.notAfter > now,
  );
}

import assert from 'node:assert/strict';
import { makeCsr } from '../support/enrolled-device.js';
import type { Failpoint } from '../support/fleetlog-process.js';
import { API } from '../support/kafka-proxy.js';
import { checkEndOfRun } from './end-of-run.js';
import type { FaultContext } from './fault.js';
import { withPlatform, type Platform } from './platform.js';
import { endsBy, untilAcknowledged } from './waiting.js';

/** Places inside the process where it ends itself, and among how many visits the fatal one is drawn. */
const INSIDE: readonly { readonly name: string; readonly fault: Failpoint; readonly most: number }[] = [
  { name: 'before the insert', fault: { at: 'before-append', act: 'SIGKILL' }, most: 50 },
  { name: 'before the commit', fault: { at: 'before-commit', act: 'SIGKILL' }, most: 50 },
  { name: 'after the insert', fault: { at: 'after-insert', act: 'SIGKILL' }, most: 50 },
  { name: 'before a PUBACK', fault: { at: 'before-puback', act: 'SIGKILL' }, most: 200 },
  { name: 'in a snapshot', fault: { at: 'in-snapshot', act: 'SIGKILL' }, most: 2 },
];

/** Places on the way to Kafka, where a proxy before the broker sees the request or its answer. */
const TOWARDS_KAFKA = ['before the commit in Kafka', 'after the answer of Kafka'] as const;

/** In the issue of a certificate: before it is journaled, and before it is answered. */
const IN_ISSUE: readonly Failpoint[] = [
  { at: 'before-append', of: 'CertificateIssued', act: 'SIGKILL' },
  { at: 'after-insert', of: 'CertificateIssued', act: 'SIGKILL' },
];

/** Kills the process at each named place, under load, `rounds` times each. */
export function killAtFailpoints(context: FaultContext): Promise<string> {
  return withPlatform({ kafka: 'proxied' }, (platform) => run(context, platform));
}

async function run(context: FaultContext, platform: Platform): Promise<string> {
  const rounds = context.rounds(1, 5);
  const draw = (most: number): number => 1 + Math.floor(context.random() * most);
  let deaths = 0;
  const dies = async (place: string, arm: () => void): Promise<void> => {
    await untilAcknowledged(platform, 20);
    const { server } = platform;
    arm();
    await endsBy(server, 'SIGKILL', place);
    deaths += 1;
    await platform.start({ failpoints: true });
  };

  await platform.start({ failpoints: true });
  const devices = await platform.enrol(4);
  platform.load(devices);
  for (let round = 0; round < rounds; round++) {
    for (const { name, fault, most } of INSIDE)
      await dies(name, () => platform.server.arm({ ...fault, nth: draw(most) }));
    for (const place of TOWARDS_KAFKA) await dies(place, () => killAtCommit(platform, place, draw(10)));
    for (const fault of IN_ISSUE) await dieInIssue(platform, devices[draw(4) - 1]!.id, fault, dies);
  }
  const { sentence, byType } = await checkEndOfRun(platform);
  assert.equal(byType.get('CertificateIssued'), devices.length + rounds * IN_ISSUE.length, 'certificates issued');
  const places = INSIDE.length + TOWARDS_KAFKA.length + IN_ISSUE.length;
  return `${deaths} × at ${places} failpoints (insert, commit, PUBACK, snapshot, Kafka, certificate): ${sentence}, no key with two certificates`;
}

/** The proxy kills the server before the n-th end of a transaction goes on, or before its answer comes back. */
function killAtCommit({ server, kafkaProxy }: Platform, place: (typeof TOWARDS_KAFKA)[number], nth: number): void {
  const proxy = kafkaProxy!;
  let left = nth;
  const strike = ({ api }: { readonly api: number }): 'pass' | 'cut' => {
    if (api !== API.endTransaction || --left > 0) return 'pass';
    proxy.onRequest = () => 'pass';
    proxy.onAnswer = () => 'pass';
    process.kill(server.pid, 'SIGKILL');
    return 'cut';
  };
  if (place === 'before the commit in Kafka') proxy.onRequest = strike;
  else proxy.onAnswer = strike;
}

/** The client of a request that died asks again with the same key, as its library would: it gets one certificate. */
async function dieInIssue(
  platform: Platform,
  id: string,
  fault: Failpoint,
  dies: (place: string, arm: () => void) => Promise<void>,
): Promise<void> {
  const { csr } = await makeCsr(id);
  const ask = () => platform.server.call('POST', `/devices/${id}/certificates`, { csr });
  await dies('in a certificate issue', () => {
    platform.server.arm(fault);
    void ask().catch(() => undefined); // the connection ends with the server
  });
  const again = await ask();
  assert.equal(again.status, 201, 'the certificate after the kill');
  const { fingerprint } = (await again.json()) as { fingerprint: string };
  // Two may be valid at once: room for the next round.
  const revoked = await platform.server.call('DELETE', `/devices/${id}/certificates/${fingerprint}`);
  assert.equal(revoked.status, 204, 'revoking it');
}

import { expect, test } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { createSigner, type Signer } from '../../../src/transport/pki/signer.js';
import { createSilentLogger } from '../../support/fake-ports.js';
import { after } from './folder.js';

/** A thread that does with the text of a "request" what the text says. */
const OBEDIENT = `
  import { parentPort, workerData } from 'node:worker_threads';
  parentPort.on('message', ({ id, input: { csr } }) => {
    if (csr === 'exit') process.exit(3);
    if (csr === 'throw') throw new Error('bug');
    if (csr === 'wait') Atomics.wait(new Int32Array(workerData.key.buffer), 0, 0);
    if (csr === 'environment') return parentPort.postMessage({ id, output: JSON.stringify(process.env) });
    if (csr === 'refuse') return parentPort.postMessage({ id, refusal: { code: 'CSR_INVALID', detail: 'No.', pointer: '/csr' } });
    if (csr !== 'silence') parentPort.postMessage({ id, output: csr });
  });`;

function obedientSigner(shared = new SharedArrayBuffer(4)): Signer {
  const signer = createSigner({
    data: { key: new Uint8Array(shared) },
    logger: createSilentLogger(),
    workerUrl: new URL(`data:text/javascript,${encodeURIComponent(OBEDIENT)}`),
  });
  after(() => signer.stop());
  return signer;
}

const say = (signer: Signer, csr: string): Promise<string> => signer.run('publicKeyOfCsr', { csr });

test('SEC-34 jobs run in a thread: this one goes on while the other is blocked', async () => {
  const shared = new SharedArrayBuffer(4);
  const signer = obedientSigner(shared);
  const answer = say(signer, 'wait');
  // Nobody else would ever wake the thread: were it this one, the test would hang.
  const released = new Int32Array(shared);
  const timer = setInterval(() => {
    Atomics.store(released, 0, 1);
    Atomics.notify(released, 0);
  }, 10);
  expect(await answer.finally(() => clearInterval(timer))).toBe('wait');
});

test('SEC-34 only the signing thread builds certificates and reads requests', async () => {
  const folder = new URL('../../../src/transport/pki/', import.meta.url);
  const importers = async (module: string): Promise<string[]> => {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.ts'));
    const sources = await Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')));
    return names.filter((_name, index) => sources[index]!.includes(`from '${module}'`));
  };
  expect(await importers('@peculiar/x509')).toEqual(['certificate-builder.ts']);
  expect(await importers('./certificate-builder.js')).toEqual(['signing-worker.ts']);
  expect(await importers('./csr.js')).toEqual(['signing-worker.ts']);
  expect(await importers('./signing-worker.js')).toEqual([]);
  expect(await importers('./pkcs12.js')).toEqual(['signing-worker.ts']); // X3
});

test('X1, X2 node-forge writes PKCS #12 and does nothing else: it parses nothing and verifies nothing', async () => {
  const folder = new URL('../../../src/', import.meta.url);
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts'));
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')));
  const users = names.filter((_name, index) => texts[index]!.includes(`'node-forge'`));
  expect(users).toEqual(['transport/pki/pkcs12.ts']);
  const text = texts[names.indexOf(users[0]!)]!;
  const code = text.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, '');
  const used = [...code.matchAll(/\b(?:asn1|pki|pkcs12|md|util|forge)\.\w+/g)].map(([name]) => name);
  expect([...new Set(used)].sort()).toEqual([
    'asn1.create',
    'asn1.integerToDer',
    'asn1.oidToDer',
    'asn1.toDer',
    'forge.asn1',
    'md.sha256',
    'pkcs12.generateKey',
    'pki.encryptPrivateKeyInfo',
    'util.createBuffer',
  ]);
});

test.each(['exit', 'throw'])(
  'when the thread ends by %s, what waits is refused and the next job gets a new thread',
  async (end) => {
    const signer = obedientSigner();
    const outcomes = await Promise.allSettled([say(signer, 'silence'), say(signer, end), say(signer, 'silence')]);
    expect(
      outcomes.map((outcome) => outcome.status === 'rejected' && (outcome.reason as { code: string }).code),
    ).toEqual(['INTERNAL', 'INTERNAL', 'INTERNAL']);
    expect(await say(signer, 'hello')).toBe('hello');
  },
);

test('a refusal comes back with its code and pointer', async () => {
  await expect(say(obedientSigner(), 'refuse')).rejects.toMatchObject({
    name: 'FleetlogError',
    code: 'CSR_INVALID',
    message: 'No.',
    pointer: '/csr',
  });
});

test('at most 1000 jobs wait', async () => {
  const signer = obedientSigner();
  const waiting = Array.from({ length: 1000 }, () => say(signer, 'silence'));
  await expect(say(signer, 'one more')).rejects.toMatchObject({ code: 'OVERLOADED' });
  await signer.stop();
  const codes = (await Promise.allSettled(waiting)).map(
    (outcome) => outcome.status === 'rejected' && (outcome.reason as { code: string }).code,
  );
  expect(new Set(codes)).toEqual(new Set(['SHUTTING_DOWN']));
});

test('SEC-140 the thread sees nothing of the environment of the process', async () => {
  process.env.FLEETLOG_TEST_SECRET = 'planted';
  after(() => Promise.resolve(delete process.env.FLEETLOG_TEST_SECRET));
  expect(await say(obedientSigner(), 'environment')).toBe('{}');
});

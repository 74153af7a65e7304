import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import {
  openCertificateAuthority,
  type CertificateAuthorityOptions,
  type OpenedCertificateAuthority,
} from '../../../src/transport/pki/certificate-authority.js';
import { createSilentLogger, realClock } from '../../support/fake-ports.js';

/** The compiled signing thread: a worker cannot load TypeScript. */
const WORKER_URL = new URL('../../../dist/transport/pki/signing-worker.js', import.meta.url);

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** Runs `cleanUp` after the test. */
export function after(cleanUp: () => Promise<unknown>): void {
  cleanUps.push(cleanUp);
}

/** A folder that is gone after the test. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fleetlog-pki-'));
  after(() => rm(folder, { recursive: true }));
  return folder;
}

/** Opens an authority that is stopped after the test, at its latest. */
export async function openAuthority(
  options: Partial<CertificateAuthorityOptions> & { readonly dataDir: string },
): Promise<OpenedCertificateAuthority> {
  const authority = await open(options);
  after(() => authority.stop());
  return authority;
}

/** One authority for all tests of a file: to make one costs two rounds of scrypt. */
export function shareAuthority(options: Partial<CertificateAuthorityOptions> = {}): () => OpenedCertificateAuthority {
  let folder: string;
  let authority: OpenedCertificateAuthority;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fleetlog-pki-'));
    authority = await open({ dataDir: folder, ...options });
  });
  afterAll(async () => {
    await authority.stop();
    await rm(folder, { recursive: true });
  });
  return () => authority;
}

function open(options: Partial<CertificateAuthorityOptions> & { readonly dataDir: string }) {
  return openCertificateAuthority({
    passphrase: undefined,
    clock: realClock,
    logger: createSilentLogger(),
    publicHosts: [],
    workerUrl: WORKER_URL,
    ...options,
  });
}

const run = promisify(execFile);

/** Runs the openssl program in a folder and answers what it printed; `files` are written there first. */
export async function openssl(
  folder: string,
  args: readonly string[],
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));
  const { stdout } = await run('openssl', args, { cwd: folder });
  return stdout;
}

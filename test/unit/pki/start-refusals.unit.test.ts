import { describe, expect, test } from '@jest/globals';
import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StartRefused } from '../../../src/actors/kernel/errors.js';
import { seal, unseal } from '../../../src/transport/pki/sealed-authority.js';
import { makeFolder, openAuthority } from './folder.js';

const PASSPHRASE = 'correct horse battery';

async function refusalOf(start: Promise<unknown>): Promise<string> {
  const error: unknown = await start.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof StartRefused)) throw new Error('the start was not refused', { cause: error });
  expect(error.message).toMatch(/^[^\n]+\.$/);
  return error.message;
}

async function madeAuthority(passphrase?: string): Promise<{ folder: string; file: string }> {
  const folder = await makeFolder();
  await (await openAuthority({ dataDir: folder, passphrase })).stop();
  return { folder, file: join(folder, 'pki', 'authority.json') };
}

describe('SEC-32 the start is refused in one sentence with the remedy', () => {
  test('with a wrong passphrase', async () => {
    const { folder } = await madeAuthority(PASSPHRASE);
    const refusal = await refusalOf(openAuthority({ dataDir: folder, passphrase: 'another passphrase' }));
    expect(refusal).toMatch(/set FLEETLOG_CA_PASSPHRASE to the one it was made with/);
  });

  test('without a passphrase where one was given before', async () => {
    const { folder } = await madeAuthority(PASSPHRASE);
    expect(await refusalOf(openAuthority({ dataDir: folder }))).toMatch(
      /passphrase .* is missing: set FLEETLOG_CA_PASSPHRASE/,
    );
  });

  test('without the generated passphrase, which is not made anew', async () => {
    const { folder } = await madeAuthority();
    await rm(join(folder, 'pki', 'passphrase'));
    expect(await refusalOf(openAuthority({ dataDir: folder }))).toMatch(/restore the file .*passphrase/);
    expect(await readdir(join(folder, 'pki'))).toEqual(['authority.json']);
  });

  test.each(['authority.json', 'passphrase'])('when others may read %s', async (name) => {
    const { folder } = await madeAuthority();
    const path = join(folder, 'pki', name);
    for (const mode of [0o640, 0o604]) {
      await chmod(path, mode);
      expect(await refusalOf(openAuthority({ dataDir: folder }))).toContain(`run "chmod 600 ${path}"`);
    }
  });

  test.each(['', '{', '{}', 'null', '{"format":"fleetlog-authority-2"}'])(
    'when the file holds %j, and it is kept',
    async (content) => {
      const { folder, file } = await madeAuthority(PASSPHRASE);
      await writeFile(file, content);
      expect(await refusalOf(openAuthority({ dataDir: folder, passphrase: PASSPHRASE }))).toMatch(
        /is damaged: restore it from a backup/,
      );
      expect(await readFile(file, 'utf8')).toBe(content);
    },
  );

  test('when the key is not that of the certificate', async () => {
    const [one, other] = [await madeAuthority(PASSPHRASE), await madeAuthority(PASSPHRASE)];
    const [a, b] = [await openFile(one.file), await openFile(other.file)];
    await writeFile(one.file, await seal({ certificate: a.certificate, key: b.key }, PASSPHRASE));
    expect(await refusalOf(openAuthority({ dataDir: one.folder, passphrase: PASSPHRASE }))).toMatch(/is damaged/);
  });

  async function openFile(file: string) {
    const opened = await unseal(await readFile(file, 'utf8'), PASSPHRASE);
    if (typeof opened === 'string') throw new Error(opened);
    return opened;
  }
});

test('what a killed start left unfinished is removed, and the start goes on', async () => {
  const { folder } = await madeAuthority();
  for (const name of ['authority.json.unfinished', 'server.pem.unfinished']) {
    await writeFile(join(folder, 'pki', name), '{"format":', { mode: 0o600 });
  }
  await (await openAuthority({ dataDir: folder })).serverCertificate();
  expect((await readdir(join(folder, 'pki'))).sort()).toEqual(['authority.json', 'passphrase', 'server.pem']);
});

describe('SEC-31 the sealed key', () => {
  const authority = {
    certificate: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    key: Buffer.from('the private key of the authority'),
  };

  test('comes back with the passphrase in any Unicode form, and stands nowhere in the file', async () => {
    const sealed = await seal(authority, 'Schlüssel der Flotte'.normalize('NFC'));
    expect(await unseal(sealed, 'Schlüssel der Flotte'.normalize('NFD'))).toEqual(authority);
    for (const encoding of ['utf8', 'base64', 'hex'] as const) {
      expect(sealed).not.toContain(authority.key.toString(encoding).slice(0, 20));
    }
  });

  test('does not open after a change of any member', async () => {
    const members = JSON.parse(await seal(authority, PASSPHRASE)) as Record<string, string>;
    const changed = (name: string, value: string): string => JSON.stringify({ ...members, [name]: value });
    for (const name of ['salt', 'nonce', 'tag', 'key']) {
      const bytes = Buffer.from(members[name]!, 'base64');
      bytes[0]! ^= 1;
      expect(await unseal(changed(name, bytes.toString('base64')), PASSPHRASE)).toBe('wrong-passphrase');
    }
    expect(await unseal(changed('certificate', `${authority.certificate}\n`), PASSPHRASE)).toBe('wrong-passphrase');
    // A shorter tag would be easier to guess.
    expect(
      await unseal(changed('tag', Buffer.from(members['tag']!, 'base64').toString('base64', 0, 4)), PASSPHRASE),
    ).toBe('damaged');
    expect(await unseal(changed('format', members['format']!.replace('131072', '2')), PASSPHRASE)).toBe('damaged');
  });

  test('is another one each time', async () => {
    expect(await seal(authority, PASSPHRASE)).not.toBe(await seal(authority, PASSPHRASE));
  });
});

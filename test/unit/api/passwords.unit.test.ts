import { describe, expect, test } from '@jest/globals';
import { GENERATED_PASSWORD_BITS, generatePassword } from '../../../src/api/access/first-password.js';
import { createPasswords } from '../../../src/api/access/passwords.js';

const quick = createPasswords(4);

describe('passwords', () => {
  test('SEC-74 are kept as scrypt with N 2^17, r 8, p 1, and the verifier says so', async () => {
    const real = createPasswords();
    const verifier = await real.seal('correct horse');
    expect(verifier).toMatch(/^\$scrypt\$ln=17,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await real.matches('correct horse', verifier)).toBe(true);
    expect(await real.matches('correct hors', verifier)).toBe(false);
  });

  test('SEC-74 a verifier made with other parameters goes on working', async () => {
    expect(await createPasswords(5).matches('correct horse', await quick.seal('correct horse'))).toBe(true);
  });

  test('two verifiers of one password differ', async () => {
    expect(await quick.seal('correct horse')).not.toBe(await quick.seal('correct horse'));
  });

  test('accents typed in two ways are one password', async () => {
    expect(await quick.matches('cafe\u0301 au lait', await quick.seal('caf\u00e9 au lait'))).toBe(true);
  });

  test('SEC-74 what is no verifier opens nothing', async () => {
    for (const verifier of [undefined, '', '$scrypt$ln=4,r=8,p=1$$', 'plain text']) {
      expect(await quick.matches('', verifier)).toBe(false);
    }
  });

  test('SEC-74 two are derived at a time, the others wait, and too many are refused', async () => {
    const slow = createPasswords(14);
    const all = await Promise.allSettled(Array.from({ length: 40 }, () => slow.seal('correct horse')));
    const refused = all.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(6);
    expect(refused[0]).toMatchObject({ reason: { code: 'OVERLOADED' } });
    expect(await slow.seal('again')).toMatch(/^\$scrypt/);
  });

  test('SEC-74 a generated one has at least 40 random bits and can be read out', () => {
    expect(GENERATED_PASSWORD_BITS).toBeGreaterThanOrEqual(40);
    const some = Array.from({ length: 200 }, generatePassword);
    expect(new Set(some).size).toBe(200);
    for (const password of some) expect(password).toMatch(/^[a-z]+-[a-z]+-[1-9]\d\d-[a-z]+-[a-z]+$/);
  });
});

import { describe, expect, test } from '@jest/globals';
import { createHash, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { FleetlogError } from '../../../src/actors/kernel/errors.js';
import { readCertificateRequest } from '../../../src/transport/pki/csr.js';
import { isWellFormedDer } from '../../../src/transport/pki/der.js';
import { seededRandom } from '../../support/seeded-random.js';
import { COMMON_NAME, der, hex, makeRequest, pem, sequence, subjectOf, type RequestParts } from './request-maker.js';

const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const rsa = (modulusLength: number, publicExponent = 65_537) =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent });
const P256 = ec('P-256');
const RSA_2048 = rsa(2048);
const ED25519 = generateKeyPairSync('ed25519');

function refusalOf(text: string): string | undefined {
  try {
    readCertificateRequest(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof FleetlogError)) throw error;
    expect(error.code).toBe('CSR_INVALID');
    return error.message;
  }
}
const refusalOfParts = (parts: Partial<RequestParts>): string | undefined =>
  refusalOf(pem(makeRequest({ ...P256, signature: 'ecdsa sha256', ...parts })));

describe('SEC-21 the key and its proof', () => {
  test.each<[string, () => { publicKey: KeyObject; privateKey: KeyObject }, RequestParts['signature']]>([
    ['EC P-256', () => P256, 'ecdsa sha256'],
    ['EC P-256', () => P256, 'ecdsa sha512'],
    ['EC P-384', () => ec('P-384'), 'ecdsa sha384'],
    ['Ed25519', () => ED25519, 'ed25519'],
    ['RSA 2048', () => RSA_2048, 'rsa sha256'],
    ['RSA 2048', () => RSA_2048, 'rsa sha384'],
    ['RSA 3072', () => rsa(3072), 'rsa sha512'],
    ['RSA 4096', () => rsa(4096), 'rsa sha256'],
  ])('%s is accepted, signed by %3$s', (keyType, keys, signature) => {
    const pair = keys();
    const publicKey = pair.publicKey.export({ format: 'der', type: 'spki' });
    expect(readCertificateRequest(pem(makeRequest({ ...pair, signature })))).toEqual({
      keyType,
      publicKey,
      publicKeySha256: createHash('sha256').update(publicKey).digest('hex'),
    });
  });

  const wideRsaKey = (bits: number): Buffer => {
    const modulus = randomBytes(Math.ceil(bits / 8));
    modulus[0] = bits % 8 === 0 ? 0x80 : 1 << ((bits % 8) - 1);
    modulus[modulus.length - 1]! |= 1;
    const positive = modulus[0] >= 0x80 ? Buffer.concat([Buffer.alloc(1), modulus]) : modulus;
    const key = sequence(der(0x02, positive), hex('0203010001'));
    return sequence(hex('300d06092a864886f70d0101010500'), der(0x03, Buffer.alloc(1), key));
  };
  test.each<[string, () => Partial<RequestParts>]>([
    ['P-521', () => ({ ...ec('P-521') })],
    ['secp256k1', () => ({ ...ec('secp256k1') })],
    [
      'P-256 with explicit parameters',
      () => ({ ...generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }) }),
    ],
    ['Ed448', () => ({ ...generateKeyPairSync('ed448'), signature: 'ed448' })],
    ['X25519', () => ({ publicKey: generateKeyPairSync('x25519').publicKey })],
    ['RSA 1024', () => ({ ...rsa(1024), signature: 'rsa sha256' })],
    ['RSA 2047', () => ({ ...RSA_2048, publicKey: wideRsaKey(2047), signature: 'rsa sha256' })],
    ['RSA 4097', () => ({ ...RSA_2048, publicKey: wideRsaKey(4097), signature: 'rsa sha256' })],
    ['RSA 2048 with exponent 3', () => ({ ...rsa(2048, 3), signature: 'rsa sha256' })],
    [
      'RSA-PSS',
      () => ({
        ...RSA_2048,
        publicKey: generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey,
        signature: 'rsa sha256',
      }),
    ],
    ['a point off the curve', () => ({ publicKey: offCurve() })],
  ])('%s is no acceptable key', (_name, parts) => {
    expect(refusalOfParts(parts())).toMatch(/^The key must be P-256/);
  });

  test('SHA-1 and an algorithm of another family are refused', () => {
    for (const parts of [
      { signature: 'ecdsa sha1' },
      { ...RSA_2048, signature: 'rsa sha1' },
      { ...RSA_2048, publicKey: P256.publicKey, signature: 'rsa sha256' },
      { ...P256, publicKey: RSA_2048.publicKey },
      { ...ED25519, publicKey: P256.publicKey, signature: 'ed25519' },
    ] as const) {
      expect(refusalOfParts(parts)).toMatch(/^The signature must be/);
    }
  });

  test("X2 a request signed by another's key of the same kind is refused", () => {
    expect(refusalOfParts({ publicKey: ec('P-256').publicKey })).toMatch(/^The signature does not fit/);
    expect(
      refusalOfParts({ ...ED25519, publicKey: generateKeyPairSync('ed25519').publicKey, signature: 'ed25519' }),
    ).toMatch(/^The signature does not fit/);
    expect(refusalOfParts({ ...RSA_2048, publicKey: rsa(2048).publicKey, signature: 'rsa sha256' })).toMatch(
      /^The signature does not fit/,
    );
  });

  function offCurve(): Buffer {
    const spki = Buffer.from(P256.publicKey.export({ format: 'der', type: 'spki' }));
    spki[spki.length - 1]! ^= 1;
    return spki;
  }
});

describe('SEC-22 hostile requests', () => {
  const honest = makeRequest({ ...P256, signature: 'ecdsa sha256' });
  const nested = (depth: number): Buffer => {
    let inner: Buffer = Buffer.alloc(0);
    for (let level = 0; level < depth; level++) inner = der(0x30, inner);
    return inner;
  };

  test('10,000 mutations of a good request are all refused', () => {
    const random = seededRandom(22);
    const below = (limit: number): number => Math.floor(random() * limit);
    const originals = [
      honest,
      makeRequest({ ...RSA_2048, signature: 'rsa sha256' }),
      makeRequest({ ...ED25519, signature: 'ed25519' }),
    ];
    for (let round = 0; round < 10_000; round++) {
      const original = originals[round % originals.length]!;
      const mutated = mutate(original, below);
      if (mutated.equals(original)) continue;
      expect(refusalOf(pem(mutated))).toBeDefined();
    }
  });

  test.each<[string, () => Partial<RequestParts>]>([
    ['attributes nested 1,000 deep', () => ({ attributes: der(0xa0, nested(1000)) })],
    ['a subject nested 17 deep', () => ({ subject: nested(17) })],
    [
      'a 4 KiB object identifier',
      () => ({ subject: sequence(der(0x31, sequence(der(0x06, Buffer.alloc(4096, 0x81)), hex('0c0161')))) }),
    ],
    ['an object identifier of 65 bytes', () => ({ subject: sequence(der(0x06, Buffer.alloc(65, 0x01))) })],
    ['a subject cut short', () => ({ subject: hex('300531') })],
    ['an indefinite length', () => ({ attributes: hex('a0800000') })],
    [
      'a length with a byte too many',
      () => ({ subject: Buffer.concat([hex('308109'), COMMON_NAME, hex('0c0161').subarray(0, 4)]) }),
    ],
    ['a tag of several bytes', () => ({ attributes: hex('a0041f810100') })],
    ['a version other than 0', () => ({ version: hex('020101') })],
    ['a long version', () => ({ version: hex('02020000') })],
    ['something behind the attributes', () => ({ attributes: hex('a0000500') })],
    ['attributes of another kind', () => ({ attributes: hex('a100') })],
    ['unused bits in the signature', () => ({ unusedBits: 1 })],
  ])('%s is refused, though correctly signed', (_name, parts) => {
    expect(refusalOfParts(parts())).toMatch(/^The request /);
  });

  test('a subject nested as deep as honest ones, and absent attributes, pass', () => {
    expect(refusalOfParts({ subject: nested(10) })).toBeUndefined();
    expect(refusalOfParts({ attributes: Buffer.alloc(0) })).toBeUndefined();
  });

  test.each<[string, string]>([
    ['trailing bytes', pem(Buffer.concat([honest, Buffer.alloc(1)]))],
    ['trailing DER', pem(Buffer.concat([honest, hex('0500')]))],
    ['two blocks', pem(honest) + pem(honest)],
    ['text in front', `hello\n${pem(honest)}`],
    ['text behind', `${pem(honest)}hello`],
    ['another label', pem(honest, 'CERTIFICATE')],
    ['labels that differ', pem(honest).replace('BEGIN CERT', 'BEGIN NEW CERT')],
    ['no label', honest.toString('base64')],
    ['a header in the block', pem(honest).replace('\n', '\nProc-Type: 4,ENCRYPTED\n\n')],
    ['base64 with padding inside', pem(honest).replace('\n', '\nMA==')],
    ['nothing', ''],
    ['an empty block', '-----BEGIN CERTIFICATE REQUEST-----\n\n-----END CERTIFICATE REQUEST-----\n'],
    ['NUL', pem(honest).replace('\n', '\0\n')],
    ['8 KiB of spaces and one more', pem(honest).padEnd(8193)],
  ])('%s: refused', (_name, text) => {
    expect(refusalOf(text)).toMatch(/^The request /);
  });

  test('8 KiB in all, CRLF, surrounding space and the old label pass', () => {
    for (const text of [
      pem(honest).padEnd(8192),
      pem(honest).replaceAll('\n', '\r\n'),
      ` \n${pem(honest)}\n `,
      pem(honest, 'NEW CERTIFICATE REQUEST'),
    ]) {
      expect(refusalOf(text)).toBeUndefined();
    }
  });

  test('any text is answered with a refusal', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.uint8Array({ maxLength: 500 }).map((bytes) => pem(Buffer.from(bytes))),
        ),
        (text) => {
          expect(refusalOf(text)).toBeDefined();
        },
      ),
    );
  });

  function mutate(original: Buffer, below: (limit: number) => number): Buffer {
    const at = below(original.length);
    const kind = below(6);
    const mutated = Buffer.from(original);
    if (kind === 0) mutated[at]! ^= 1 << below(8);
    else if (kind === 1) mutated[at] = below(256);
    else if (kind === 2) return original.subarray(0, at);
    else if (kind === 3) return Buffer.concat([original.subarray(0, at), original.subarray(at + 1 + below(4))]);
    else if (kind === 4)
      return Buffer.concat([original.subarray(0, at), randomBytes(1 + below(4)), original.subarray(at)]);
    else mutated.copy(mutated, below(original.length), at, at + 1 + below(16));
    return mutated;
  }
});

test('DER is read without recursion on its depth: 16 levels pass, any bytes are answered', () => {
  const levels = (depth: number): Buffer => (depth === 0 ? Buffer.alloc(0) : sequence(levels(depth - 1)));
  expect(isWellFormedDer(levels(16))).toBe(true);
  expect(isWellFormedDer(levels(18))).toBe(false);
  expect(isWellFormedDer(Buffer.from('3080'.repeat(30_000), 'hex'))).toBe(false);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => typeof isWellFormedDer(Buffer.from(bytes)) === 'boolean'),
  );
  expect(isWellFormedDer(subjectOf('x'))).toBe(true);
});

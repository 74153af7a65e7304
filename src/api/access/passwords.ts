import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { FleetlogError } from '../../actors/kernel/errors.js';

/** Makes and checks verifiers of passwords (SEC-74). */
export interface Passwords {
  /** @returns the verifier, in the PHC string format: `$scrypt$ln=17,r=8,p=1$<salt>$<hash>` */
  seal(password: string): Promise<string>;
  /** Takes the same time without a verifier, and answers `false`. */
  matches(password: string, verifier: string | undefined): Promise<boolean>;
}

const BLOCK_SIZE = 8;
const PARALLELISM = 1;
const KEY_BYTES = 32;
const SALT_BYTES = 16;
/** Each takes 128 MiB and some 0.3 s of a core. */
const AT_ONCE = 2;
/** Beyond this the platform is under attack, and memory must not grow. */
const MAX_WAITING = 32;
const VERIFIER = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

/** @param cost base 2 logarithm of scrypt's N. @default 17 */
export function createPasswords(cost = 17): Passwords {
  const turns = createTurns();
  const derive = (password: string, salt: Buffer, ln: number, r: number, p: number): Promise<Buffer> =>
    turns(
      () =>
        new Promise((resolve, reject) => {
          const options: ScryptOptions = { N: 2 ** ln, r, p, maxmem: 2 ** ln * r * 160 };
          // One text, one password: a keyboard may compose accents in two ways (RFC 8265 §4.2).
          scrypt(password.normalize('NFC'), salt, KEY_BYTES, options, (error, key) => {
            if (error) reject(error);
            else resolve(key);
          });
        }),
    );
  const base64 = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');

  return {
    async seal(password) {
      const salt = randomBytes(SALT_BYTES);
      const key = await derive(password, salt, cost, BLOCK_SIZE, PARALLELISM);
      return `$scrypt$ln=${cost},r=${BLOCK_SIZE},p=${PARALLELISM}$${base64(salt)}$${base64(key)}`;
    },
    async matches(password, verifier) {
      const [, ln, r, p, salt = '', key = ''] = VERIFIER.exec(verifier ?? '') ?? [];
      if (ln === undefined) {
        await derive(password, Buffer.alloc(SALT_BYTES), cost, BLOCK_SIZE, PARALLELISM);
        return false;
      }
      const derived = await derive(password, Buffer.from(salt, 'base64'), Number(ln), Number(r), Number(p));
      return timingSafeEqual(derived, Buffer.from(key, 'base64'));
    },
  };
}

/** Runs work two at a time, in the order of arrival. @throws FleetlogError `OVERLOADED` when too much waits */
function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= AT_ONCE) {
      if (waiting.length >= MAX_WAITING) throw new FleetlogError('OVERLOADED', 'Too many passwords are being checked.');
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { keepServerCertificate } from '../../../src/transport/pki/server-certificate-renewal.js';
import { createSilentLogger } from '../../support/fake-ports.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const certificate = (fingerprint: string) => ({ key: 'k', cert: 'c', fingerprint, notBefore: 0, notAfter: 1 });

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test('a daily look gives a renewed certificate away once, and one that failed is made up for the next day', async () => {
  const answers = ['first', 'first', new Error('disk full'), 'second', 'second'];
  const serverCertificate = () => {
    const answer = answers.shift() ?? 'second';
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(certificate(answer));
  };
  const logger = createSilentLogger();
  const kept = await keepServerCertificate({ serverCertificate }, logger);
  const used: string[] = [];
  kept.onRenewed(({ fingerprint }) => used.push(fingerprint));

  await jest.advanceTimersByTimeAsync(DAY_MS);
  expect([used, kept.current().fingerprint]).toEqual([[], 'first']);
  expect(logger.lines.map(({ message }) => message)).toEqual(['the server certificate could not be renewed']);
  await jest.advanceTimersByTimeAsync(2 * DAY_MS);
  expect([used, kept.current().fingerprint]).toEqual([['second'], 'second']);
  await kept.stop();
});

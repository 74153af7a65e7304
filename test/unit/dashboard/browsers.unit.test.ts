import { expect, test } from '@jest/globals';
import { browserName } from '../../../src/api/dashboard/format/browsers.js';

const LINUX = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)';

test.each([
  ['Firefox 128, Linux', 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'],
  ['Chrome 131, Linux', `${LINUX} Chrome/131.0.0.0 Safari/537.36`],
  ['Edge 131, Linux', `${LINUX} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.2903.51`],
  [
    'Safari 18, iOS',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
  ],
  [
    'Safari 18, macOS',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15',
  ],
  ['curl 8', 'curl/8.5.0'],
  ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
  ['unknown', null],
])('calls a browser %s by its own words', (name, userAgent) => {
  expect(browserName(userAgent)).toBe(name);
});

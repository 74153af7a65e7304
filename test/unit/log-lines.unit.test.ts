import { Writable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { PinoPretty } from 'pino-pretty';
import { safeLine } from '../../src/observability.js';

/** Foreign text that tries to begin a line of its own, to colour or clear the screen, or to turn the line around. */
const FORGERIES = [
  'pump\n[12:00:00] INFO: forged',
  'pump\r[12:00:00] INFO: forged',
  '\u001b[2J\u001b[31mforged',
  '\u009b31mforged',
  'a\u202egnp.exe',
  'a\u2028forged',
  'back\\u001bslash \\n "quoted"',
];

async function linesOf(format: 'pretty' | 'json', log: (logger: pino.Logger) => void): Promise<string> {
  const chunks: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  const destination =
    format === 'pretty' ? PinoPretty({ destination: sink, colorize: false, singleLine: true, sync: true }) : sink;
  log(pino({ base: null, hooks: { streamWrite: (line) => safeLine(line, format) } }, destination));
  await new Promise((resolve) => setTimeout(resolve, 50));
  return chunks.join('');
}

describe.each(['json', 'pretty'] as const)('a %s log line', (format) => {
  test.each(FORGERIES)('SEC-142 %j in a field forges nothing', async (text) => {
    const written = await linesOf(format, (logger) => logger.info({ deviceId: text, nested: { text } }, 'one line'));
    expect(written.trimEnd()).not.toMatch(/[\n\r\u001b\u0080-\u009f\u2028\u202e]/);
    if (format === 'json') expect(JSON.parse(written)).toMatchObject({ deviceId: text, nested: { text } });
  });

  test.each(FORGERIES)('SEC-142 %j in the message of an error begins no line', async (text) => {
    const written = await linesOf(format, (logger) =>
      logger.error({ err: new Error(text, { cause: new Error(text) }) }, 'it failed'),
    );
    const [, ...rest] = written.trimEnd().split('\n');
    expect(written).not.toMatch(/[\r\u001b\u0080-\u009f\u2028\u202e]/);
    // A line of the log begins at its edge; what goes on is indented, and is no line of the forger's own.
    for (const line of rest) expect(line).toMatch(/^\s+(?!\[12|forged)\S/);
  });
});

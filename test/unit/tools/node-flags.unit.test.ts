import { beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { createTestAuthority, type TestCertificate } from '../../support/mqtt-certificates.js';

const { NODE_FLAGS } = (await import(
  pathToFileURL(join(import.meta.dirname, '../../../tools/node-flags.js')).href
)) as { readonly NODE_FLAGS: readonly string[] };

/** A TLS server and a client that connects twice, the second time with the newest ticket of the first. */
const TWO_CONNECTS = `
  import { connect, createServer } from 'node:tls';
  const { cert, key } = JSON.parse(process.env.CERTIFICATE);
  const server = createServer({ cert, key }, (socket) => socket.on('error', () => undefined).end('hello'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const connectWith = (session) => new Promise((resolve) => {
    const tickets = [];
    const socket = connect({ port: server.address().port, host: '127.0.0.1', rejectUnauthorized: false, session });
    socket.on('session', (ticket) => tickets.push(ticket));
    let isResumed;
    socket.on('secureConnect', () => (isResumed = socket.isSessionReused()));
    socket.on('close', () => resolve({ tickets, isResumed })).resume();
  });
  const { tickets } = await connectWith();
  const { isResumed } = await connectWith(tickets.at(-1));
  process.stdout.write(JSON.stringify({ tickets: tickets.length, isResumed }));
  server.close();
`;

describe('how Node runs the server', () => {
  let certificate: TestCertificate;
  beforeAll(async () => {
    certificate = await (await createTestAuthority()).server();
  });

  test('a full handshake gives one ticket, and that one resumes', async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...NODE_FLAGS, '--input-type=module', '--eval', TWO_CONNECTS],
      { env: { CERTIFICATE: JSON.stringify(certificate) } },
    );
    expect(JSON.parse(stdout)).toEqual({ tickets: 1, isResumed: true });
  });
});

import { once } from 'node:events';
import { connect, createServer, Socket, type AddressInfo, type Server } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readShared } from '../../../src/transport/mqtt/shared-reads.js';
import { eventually } from '../../support/mqtt-broker.js';

describe('sockets that are read into one buffer', () => {
  let server: Server;
  const sockets: Socket[] = [];
  beforeEach(async () => {
    server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server.close();
  });

  async function pair(): Promise<{ client: Socket; accepted: Socket }> {
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    sockets.push(client, accepted);
    return { client, accepted };
  }
  const textOf = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString();

  test('what is not taken goes on to the reader, and keeps its bytes when others are read', async () => {
    const { client, accepted } = await pair();
    const other = await pair();
    const rest: Buffer[] = [];
    let taken = '';
    expect(
      readShared(accepted, (chunk) => {
        taken += chunk.toString('latin1', 0, 2);
        return 2;
      }),
    ).toBe(true);
    expect(readShared(other.accepted, (chunk) => chunk.length)).toBe(true);
    accepted.on('data', (chunk: Buffer) => rest.push(chunk));
    other.accepted.resume();
    client.write('abcdef');
    await eventually(() => rest.length > 0, 'the rest has come');
    other.client.write('ZZZZZZZZZZ');
    await eventually(() => other.accepted.bytesRead === 10, 'the other socket was read');
    expect([taken, textOf(rest)]).toEqual(['ab', 'cdef']);
  });

  test('what nobody reads stays with its sender, and comes whole when somebody does', async () => {
    const { client, accepted } = await pair();
    const sent = Buffer.alloc(16 * 1024 * 1024, 'fleetlog ');
    readShared(accepted, () => 0);
    accepted.read(0);
    client.write(sent);
    await eventually(() => accepted.bytesRead > 0, 'reading has begun');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(accepted.bytesRead).toBeLessThan(sent.length / 2);
    const received: Buffer[] = [];
    accepted.on('data', (chunk: Buffer) => received.push(chunk));
    client.end();
    await once(accepted, 'end');
    expect(Buffer.concat(received).equals(sent)).toBe(true);
  });

  test('a stream that is no socket, or a socket of a Node that is made otherwise, is left as it was', async () => {
    expect(readShared(new PassThrough(), () => 0)).toBe(false);
    expect(readShared(new Socket(), () => 0)).toBe(false);
    const { accepted } = await pair();
    const buffer = Object.getOwnPropertySymbols(accepted).find(({ description }) => description === 'kBuffer')!;
    Object.assign(accepted, { [buffer]: undefined });
    expect(readShared(accepted, () => 0)).toBe(false);
  });
});

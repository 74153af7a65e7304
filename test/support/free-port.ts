import { createServer, type AddressInfo } from 'node:net';

/** A TCP port on loopback that nobody listens on, for a server that has to come back under the same one. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

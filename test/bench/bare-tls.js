// The floor of a TLS connect: Node's own server with mutual TLS that answers four bytes. `BENCH_TLS` holds { key, cert, ca } as JSON; prints its port.
import { createServer } from 'node:tls';

const CONNACK = Buffer.from([0x20, 2, 0, 0]);
const { key, cert, ca } = JSON.parse(process.env.BENCH_TLS);
const server = createServer({ key, cert, ca, requestCert: true, rejectUnauthorized: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  socket.once('data', () => {
    socket.write(CONNACK);
    socket.resume();
  });
});
server.on('tlsClientError', (_error, socket) => socket.destroy());
server.listen(0, '127.0.0.1', () => process.send({ type: 'ready', port: server.address().port }));
process.on('disconnect', () => process.exit(0));

// The baseline: aedes as it comes behind Node's own mutual TLS, in memory. `BENCH_TLS` holds { key, cert, ca } as JSON; prints its port.
import { createServer } from 'node:tls';
import { Aedes } from 'aedes';

const { key, cert, ca } = JSON.parse(process.env.BENCH_TLS);
const broker = await Aedes.createBroker();
const server = createServer({ key, cert, ca, requestCert: true, rejectUnauthorized: true }, broker.handle);
server.on('tlsClientError', (_error, socket) => socket.destroy());
server.listen(0, '127.0.0.1', () => process.send({ type: 'ready', port: server.address().port }));
process.on('disconnect', () => process.exit(0));

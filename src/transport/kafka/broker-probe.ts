import { connect } from 'node:net';

const API_VERSIONS = 18;
const PROBE_MS = 2_000;

/**
 * Whether a Kafka broker answers at this address: sends ApiVersions v0 (Kafka protocol guide, "ApiVersions API") and waits for
 * an answer with the same correlation id. An open port alone says nothing: the broker accepts before it serves.
 */
export function answersAsBroker(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(PROBE_MS, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('close', () => finish(false));
    socket.once('connect', () => socket.write(apiVersionsRequest()));
    socket.once('data', (answer) => finish(answer.length >= 8 && answer.readInt32BE(4) === CORRELATION_ID));
  });
}

const CORRELATION_ID = 0x666c6f67;

/** Size, api key, api version, correlation id, and a null client id. */
function apiVersionsRequest(): Buffer {
  const request = Buffer.alloc(14);
  request.writeInt32BE(request.length - 4, 0);
  request.writeInt16BE(API_VERSIONS, 4);
  request.writeInt16BE(0, 6);
  request.writeInt32BE(CORRELATION_ID, 8);
  request.writeInt16BE(-1, 12);
  return request;
}

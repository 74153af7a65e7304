import assert from 'node:assert/strict';
import { openTls, type RawClient } from '../support/mqtt-raw-client.js';
import type { Platform } from './platform.js';

/** Devices that send nothing but pings, and wait for nothing, so that only the server decides who is silent. */
export interface IdleDevices {
  readonly count: number;
  /** Throws when one of them has lost its connection. */
  stayed(through: string): void;
  /** Throws when one of them got no PINGRESP since the last call. */
  answered(through: string): void;
  end(): Promise<void>;
}

/** Enrols and connects idle devices. */
export async function connectIdleDevices(
  platform: Platform,
  count: number,
  { keepAliveSeconds = 3, pingMs = 1_000 } = {},
): Promise<IdleDevices> {
  const devices = await platform.enrol(count, 'idle');
  const clients = await Promise.all(
    devices.map(async ({ id, key, certificate: cert, ca }) => {
      const client = await openTls(platform.mqttsPort, { key, cert, ca });
      await client.connect({ clientId: id, keepalive: keepAliveSeconds });
      return client;
    }),
  );
  const pings = setInterval(() => {
    for (const client of clients) if (!client.isClosed) client.send({ cmd: 'pingreq' });
  }, pingMs);
  const end = async (): Promise<void> => {
    clearInterval(pings);
    await Promise.all(clients.map((client) => client.end()));
  };
  platform.later(end);

  const answersOf = ({ received }: RawClient): number => received.filter(({ cmd }) => cmd === 'pingresp').length;
  let before = clients.map(answersOf);
  return {
    count,
    stayed(through) {
      const lost = clients.filter(({ isClosed }) => isClosed).length;
      assert.equal(lost, 0, `idle devices that lost their connection through ${through}`);
    },
    answered(through) {
      const now = clients.map(answersOf);
      const unanswered = now.filter((answers, index) => answers <= before[index]!).length;
      before = now;
      assert.equal(unanswered, 0, `idle devices without a PINGRESP through ${through}`);
    },
    end,
  };
}

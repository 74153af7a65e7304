import { expect, test } from '@jest/globals';
import type { DeviceCommand } from '../../../../src/actors/device/commands.js';
import { closeLostSessions } from '../../../../src/actors/device/lost-sessions.js';
import { createSilentLogger } from '../../../support/fake-ports.js';

/** Sessions that no living node holds, and a lease whose lapses the test plays. */
function build(attended: readonly string[] = []) {
  const lost = new Map<string, number>();
  const closed: string[] = [];
  let lapse = (): void => undefined;
  const sessions = closeLostSessions({
    index: {
      caughtUp: () => Promise.resolve(),
      lost: (_tenant, after) =>
        Promise.resolve(
          [...lost]
            .filter(([device]) => device > after)
            .map(([device, sessionEpoch]) => ({ tenant: 'default', device, sessionEpoch }))
            .slice(0, 2),
        ),
    },
    lease: { onLapse: (listener) => void (lapse = listener) },
    journal: { shards: 1, headOf: () => 0 },
    devices: {
      request(stream: string, command: DeviceCommand) {
        if (command.type === 'DisconnectDevice') closed.push(`${stream} ${command.sessionEpoch} ${command.reason}`);
        return Promise.resolve({ kind: 'accepted' });
      },
    } as never,
    attends: (_tenant, device) => attended.includes(device),
    logger: createSilentLogger(),
  });
  return { lost, closed, sessions, lapse: () => lapse() };
}

test('closes at start, page by page, what no living node holds, and passes over what is connecting here', async () => {
  const { lost, closed, sessions } = build(['b']);
  for (const device of ['a', 'b', 'c', 'd', 'e']) lost.set(device, 3);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await sessions.stop();
  expect(closed).toEqual(['a', 'c', 'd', 'e'].map((device) => `device/default/${device} 3 SERVER_LOST`));
});

test('closes the sessions of a node that dies later, when its lease has run out', async () => {
  const { lost, closed, sessions, lapse } = build();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(closed).toEqual([]);
  lost.set('x', 7);
  lapse();
  await new Promise((resolve) => setTimeout(resolve, 20));
  await sessions.stop();
  expect(closed).toEqual(['device/default/x 7 SERVER_LOST']);
});

// The environment of every test file: Node's, and a file that leaves a socket, server, child process or timer behind fails.
import { setTimeout as sleep } from 'node:timers/promises';
import { TestEnvironment } from 'jest-environment-node';

/** What keeps a process alive, by libuv's names (`process.getActiveResourcesInfo`). Timers are Jest's as well: see below. */
const KINDS = ['TCPSocketWrap', 'TCPServerWrap', 'TLSWrap', 'UDPWrap', 'ProcessWrap', 'MessagePort'];
/** Sockets that were just destroyed and children that were just ended take a moment to go. */
const GRACE_MS = 3_000;

export default class LeakEnvironment extends TestEnvironment {
  timers = new Set();

  async setup() {
    await super.setup();
    this.before = countResources();
    for (const name of ['setTimeout', 'setInterval']) {
      const make = this.global[name];
      const tracked = (...args) => {
        const timer = make(...args);
        this.timers.add(timer);
        return timer;
      };
      // `util.promisify(setTimeout)` and its like look here.
      this.global[name] = Object.assign(
        tracked,
        Object.fromEntries(Object.getOwnPropertySymbols(make).map((symbol) => [symbol, make[symbol]])),
      );
    }
  }

  async teardown() {
    let leaks = [];
    for (const until = Date.now() + GRACE_MS; ; await sleep(50)) {
      leaks = this.findLeaks();
      if (leaks.length === 0 || Date.now() > until) break;
    }
    this.timers.clear();
    await super.teardown();
    if (leaks.length > 0) throw new Error(`the test file leaves something running: ${leaks.join(', ')}`);
  }

  findLeaks() {
    const now = countResources();
    const handles = KINDS.filter((kind) => now[kind] > this.before[kind]).map(
      (kind) => `${now[kind] - this.before[kind]} ${kind}`,
    );
    const timers = [...this.timers].filter((timer) => timer.hasRef() && !timer._destroyed);
    return timers.length === 0 ? handles : [...handles, `${timers.length} timers`];
  }
}

function countResources() {
  const active = process.getActiveResourcesInfo();
  return Object.fromEntries(KINDS.map((kind) => [kind, active.filter((name) => name === kind).length]));
}

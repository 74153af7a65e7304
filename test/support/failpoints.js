// Preloaded into a server under test (`node --import`): faults at named places, by decorating the libraries and the objects
// that the product calls. The product itself knows nothing of it. A fault is armed over the line to the parent process
// (`ArmedFault` in fleetlog-process.ts).
import { Socket } from 'node:net';
import { GateLane } from '../../dist/transport/mqtt/gate-lane.js';
import { deviceDecider } from '../../dist/actors/device/decider.js';
import pg from 'pg';

let armed;

process.on('message', (fault) => {
  if (fault.at === 'event-loop') block(fault.blockMs);
  else armed = fault.at === 'none' ? undefined : { left: fault.nth ?? 1, ...fault };
});
// Listening keeps the line referenced; the server must end as it does without it.
process.channel?.unref();

function block(milliseconds) {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

/** Whether the armed fault strikes here and now. `subject` = what is spoken of, searched for the armed text. */
function strikes(place, subject) {
  if (armed?.at !== place || (armed.of !== undefined && !mentions(subject, armed.of))) return false;
  armed.left -= 1;
  return armed.left <= 0;
}

function mentions(subject, text) {
  if (Buffer.isBuffer(subject)) return subject.includes(text);
  if (Array.isArray(subject)) return subject.some((part) => mentions(part, text));
  if (typeof subject === 'object' && subject !== null)
    return Object.values(subject).some((part) => mentions(part, text));
  return typeof subject === 'string' && subject.includes(text);
}

/** Kills or stops this very process; anything else is thrown. */
function act() {
  if (armed.act === 'SIGKILL' || armed.act === 'SIGSTOP') {
    const signal = armed.act;
    armed = undefined;
    process.kill(process.pid, signal);
    // A signal to oneself arrives before the call returns; a moment more does no harm.
    if (signal === 'SIGKILL') block(1_000);
    return undefined;
  }
  return armed.act === 'disk-full' ? diskFull() : new Error('a failpoint threw'.padEnd(armed.messageLength ?? 0, '.'));
}

function diskFull() {
  const error = new pg.DatabaseError('could not extend file: No space left on device', 100, 'error');
  return Object.assign(error, { code: '53100', severity: 'ERROR' });
}

// ── Postgres ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const PROJECTION = /\bdevice_index\b/;
const query = pg.Client.prototype.query;
pg.Client.prototype.query = function (config, values, callback) {
  const name = config?.name;
  if (name === 'append' && strikes('before-append', config.values)) {
    const error = act();
    if (error) return Promise.reject(error);
  }
  const text = typeof config === 'string' ? config : (config?.text ?? '');
  if (PROJECTION.test(text) && strikes('in-projection', [text, config?.values, values])) {
    const error = act();
    const answer = [callback, values, config?.callback].find((one) => typeof one === 'function');
    if (error && answer) return void setImmediate(answer, error);
    if (error) return Promise.reject(error);
  }
  const result = query.call(this, config, values, callback);
  // Sent, and nobody knows whether it was committed.
  if (name === 'append' && strikes('before-commit', config.values)) setImmediate(act);
  if (name === 'save-snapshot' && strikes('in-snapshot', config.values)) setImmediate(act);
  if (name !== 'append' || !(result instanceof Promise)) return result;
  return result.then((answer) => {
    if (strikes('after-insert', config.values)) act();
    return answer;
  });
};

// `PG_POOL_MAX` connections for everything but the journal's writer.
if (process.env.PG_POOL_MAX) {
  const Pool = pg.Pool;
  pg.Pool = class extends Pool {
    constructor(options) {
      super({ ...options, max: Number(process.env.PG_POOL_MAX) });
    }
  };
}

// ── MQTT ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

const PUBACK = 0x40;
const write = Socket.prototype.write;
Socket.prototype.write = function (chunk, ...rest) {
  if (Buffer.isBuffer(chunk) && chunk[0] === PUBACK && strikes('before-puback')) act();
  return write.call(this, chunk, ...rest);
};

const push = GateLane.prototype.push;
GateLane.prototype.push = function (entry) {
  if (strikes('in-hook', this.session.stream)) throw act();
  return push.call(this, entry);
};

// ── Domain ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const { decide, evolve } = deviceDecider;
deviceDecider.decide = (command, state, context) => {
  if (strikes('in-decide', context.stream)) throw act();
  return decide(command, state, context);
};
deviceDecider.evolve = (state, event, context) => {
  if (strikes('in-evolve', state.id)) throw act();
  return evolve(state, event, context);
};

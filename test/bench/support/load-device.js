// One device of the generator: raw MQTT 3.1.1 over TCP, QoS 1. Its PUBLISH is built once and changed in place, so that the
// generator, which shares the machine with what it measures, costs little.
import { connect } from 'node:net';
import packets from 'mqtt-packet';

const CONNACK = 0x20;
const PUBACK = 0x40;
const ANSWER_BYTES = 4; // everything the broker says to such a client is four bytes long
const NUMBER_DIGITS = 9;
const PAYLOAD_BYTES = 100;
const ZERO = 0x30;
/** What all sockets are read into, one after the other: a stream and a buffer for each PUBACK cost as much as the rest here. */
const INCOMING = Buffer.allocUnsafeSlow(64 * 1024);
const NOTHING = Buffer.alloc(0);

export class LoadDevice {
  /** Publishes that were sent and not acknowledged. */
  open = 0;
  /** Publishes that were acknowledged. */
  acked = 0;

  #socket;
  #packet;
  #messageIdAt;
  #numberEndsAt;
  #sentId = 0;
  #expectedId = 1;
  /** Times of the open publishes, a ring: PUBACKs come in the order of the publishes. */
  #times = new Float64Array(64);
  #rest = NOTHING;

  /**
   * @param identity `{ clientId, topic, username?, password? }`
   * @param run distinguishes the message ids from those of earlier runs, or the device's window of ids would swallow them
   * @param onAcked called once per chunk of PUBACKs: `(device, times of these publishes, how many)`; `times` is used again
   */
  constructor({ port, identity, run, onAcked }) {
    const { clientId, topic, username, password } = identity;
    this.clientId = clientId;
    this.#build(topic, run);
    this.ackedTimes = new Float64Array(64);
    let connected;
    const onread = {
      buffer: INCOMING,
      callback: (bytes) => {
        this.#read(INCOMING.subarray(0, bytes), connected, onAcked);
        return true;
      },
    };
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread });
    this.connected = new Promise((resolve, reject) => {
      this.closed = new Promise((closed) => this.#socket.once('close', closed));
      this.fail = reject;
      this.#socket.on('error', reject);
      void this.closed.then(() => reject(new Error(`${clientId} was closed with ${this.open} open`)));
      connected = resolve;
    });
    const base = { protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 60 };
    this.#socket.write(packets.generate({ cmd: 'connect', ...base, clientId, username, password }));
  }

  /** Sends `count` publishes in one write; `time` is what their latency counts from. */
  publish(count, time) {
    const size = this.#packet.length;
    const buffer = Buffer.allocUnsafe(size * count);
    for (let at = 0; at < buffer.length; at += size) {
      this.#advance();
      this.#packet.copy(buffer, at);
      // One place stays free, because packet identifier 0 is passed over.
      if (this.open + 1 >= this.#times.length) this.#grow();
      this.#times[this.#sentId & (this.#times.length - 1)] = time;
      this.open++;
    }
    this.#socket.write(buffer);
  }

  async disconnect() {
    this.connected.catch(() => undefined);
    this.#socket.end(packets.generate({ cmd: 'disconnect' }));
    await this.closed;
  }

  #build(topic, run) {
    const marker = '0'.repeat(NUMBER_DIGITS);
    const body = `{"id":"${run}-${marker}","temperature":21.5,"humidity":0.5,"note":"`;
    const payload = `${body}${'x'.repeat(Math.max(0, PAYLOAD_BYTES - 2 - body.length))}"}`;
    this.#packet = packets.generate({
      cmd: 'publish',
      topic,
      payload,
      qos: 1,
      messageId: 1,
      dup: false,
      retain: false,
    });
    this.#messageIdAt = this.#packet.length - payload.length - 2;
    this.#numberEndsAt = this.#packet.length - payload.length + payload.indexOf(marker) + NUMBER_DIGITS - 1;
  }

  /** The next packet identifier and the next number in the payload. */
  #advance() {
    this.#sentId = (this.#sentId % 65_535) + 1;
    this.#packet.writeUInt16BE(this.#sentId, this.#messageIdAt);
    for (let at = this.#numberEndsAt; ++this.#packet[at] > ZERO + 9; at--) this.#packet[at] = ZERO;
  }

  #grow() {
    const older = this.#times;
    const newer = new Float64Array(older.length * 2);
    for (let count = 0, id = this.#expectedId; count < this.open; count++, id = (id % 65_535) + 1)
      newer[id & (newer.length - 1)] = older[id & (older.length - 1)];
    this.#times = newer;
  }

  #read(chunk, connected, onAcked) {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let offset = 0;
    let count = 0;
    for (; offset + ANSWER_BYTES <= data.length; offset += ANSWER_BYTES) {
      const kind = data[offset];
      if (kind === CONNACK) {
        if (data[offset + 3] !== 0) this.fail(new Error(`${this.clientId} was refused with code ${data[offset + 3]}`));
        else connected();
        continue;
      }
      const id = data.readUInt16BE(offset + 2);
      if (kind !== PUBACK || id !== this.#expectedId) {
        throw new Error(`${this.clientId} got packet ${kind.toString(16)} ${id} instead of PUBACK ${this.#expectedId}`);
      }
      if (count === this.ackedTimes.length) this.ackedTimes = doubled(this.ackedTimes);
      this.ackedTimes[count++] = this.#times[id & (this.#times.length - 1)];
      this.#expectedId = (id % 65_535) + 1;
    }
    this.#rest = offset === data.length ? NOTHING : Buffer.from(data.subarray(offset));
    if (count === 0) return;
    this.open -= count;
    this.acked += count;
    onAcked(this, this.ackedTimes, count);
  }
}

function doubled(values) {
  const more = new Float64Array(values.length * 2);
  more.set(values);
  return more;
}

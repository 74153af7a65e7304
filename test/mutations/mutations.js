// The promise, broken on purpose: each mutation takes one guard away, and the named suite must turn red.
// `npm run test:mutations` applies them one by one; docs/explanation/mutations.md lists them.

/**
 * @typedef {object} Mutation
 * @property {string} id
 * @property {string} breaks what no longer holds, as a reader of the docs sees it
 * @property {{ file: string, find: string, replace: string }[]} edits each `find` occurs exactly once in its file
 * @property {'unit' | 'int' | 'e2e'} level
 * @property {string} suite path of the test file that must catch it
 * @property {Record<string, string>} [env]
 */

/** @type {readonly Mutation[]} */
export const MUTATIONS = [
  {
    id: 'acknowledged-before-commit',
    breaks: 'a PUBACK leaves before its event is journaled',
    edits: [
      {
        file: 'src/transport/mqtt/commit-gate.ts',
        find: 'lane.charge(message.payload.length);',
        replace: 'lane.charge(message.payload.length);\n      lane.pubacks.add(message.messageId ?? 1);',
      },
    ],
    level: 'unit',
    suite: 'test/unit/mqtt-broker/order.unit.test.ts',
  },
  {
    id: 'released-out-of-order',
    breaks: 'PUBACKs leave in the order of the commits, not of the PUBLISHes',
    edits: [
      {
        file: 'src/transport/mqtt/gate-lane.ts',
        find: '      this.entries.shift();\n',
        replace: '      this.entries.shift();\n      this.entries.reverse();\n',
      },
    ],
    level: 'unit',
    suite: 'test/unit/mqtt-broker/order.unit.test.ts',
  },
  {
    id: 'append-without-epoch',
    breaks: 'a paused node that comes back appends under its old epoch',
    edits: [
      {
        file: 'src/persistence/journal/append-statement.ts',
        find: ' and s.epoch = wanted.epoch and',
        replace: ' and',
      },
    ],
    level: 'int',
    suite: 'test/integration/persistence/journal.int.test.ts',
  },
  {
    id: 'append-without-sequence',
    breaks: 'two writers may store the same sequence of one stream',
    edits: [
      {
        file: 'migrations/000001_journal.sql',
        find: 'unique (stream, sequence)',
        replace: 'unique (stream, sequence, position)',
      },
    ],
    level: 'int',
    suite: 'test/integration/persistence/journal.int.test.ts',
  },
  {
    id: 'checkpoint-in-postgres',
    breaks: 'the relay resumes from the mirror in Postgres instead of the checkpoint in Kafka',
    edits: [
      {
        file: 'src/actors/relay/shard-relay.ts',
        find: 'const checkpoint = await publisher.readCheckpoint(shard);',
        replace: 'const checkpoint = relayed > 0 ? { position: relayed, epoch: 0 } : undefined;',
      },
    ],
    level: 'int',
    suite: 'test/integration/kafka/exactly-once.int.test.ts',
  },
  {
    id: 'producer-kept-after-an-error',
    breaks: 'a Kafka producer is used again after a transaction of it has failed',
    edits: [
      {
        file: 'src/transport/kafka/publisher-session.ts',
        find: '        spent = true;\n        throw error;\n',
        replace: '        throw error;\n',
      },
      {
        file: 'src/actors/relay/shard-relay.ts',
        find: '    position = undefined;\n    if (isFenced(error))',
        replace: '    if (isFenced(error))',
      },
      {
        file: 'src/actors/relay/shard-relay.ts',
        find: '    if (refused) rejectChecked(error);\n    await publisher.close(shard).catch(() => undefined);\n',
        replace: '    if (refused) rejectChecked(error);\n',
      },
    ],
    level: 'int',
    suite: 'test/integration/kafka/exactly-once.int.test.ts',
  },
  {
    id: 'open-without-fence',
    breaks: 'an earlier relay of the shard may still publish after a new one has taken over',
    edits: [
      {
        file: 'src/transport/kafka/publisher-session.ts',
        find: '`fleetlog.${eventsTopic}.${shard}`',
        replace: '`fleetlog.${eventsTopic}.${shard}.${Math.random()}`',
      },
    ],
    level: 'int',
    suite: 'test/integration/kafka/exactly-once.int.test.ts',
  },
  {
    id: 'sequences-not-counted',
    breaks: 'the producer numbers its records from 0 in each transaction',
    edits: [
      {
        file: 'src/transport/kafka/publisher-session.ts',
        find: 'eventSequence = sequenceAfter(eventSequence, events.length);',
        replace: 'eventSequence = sequenceAfter(eventSequence, 0);',
      },
    ],
    level: 'int',
    suite: 'test/integration/kafka/exactly-once.int.test.ts',
  },
  {
    id: 'transaction-left-open',
    breaks: 'the transaction is not ended before the relay calls its events sent',
    edits: [
      {
        file: 'src/transport/kafka/publisher-session.ts',
        find: '    signal.throwIfAborted();\n    await commit();\n',
        replace: '    signal.throwIfAborted();\n    if (shard < 0) await commit();\n',
      },
    ],
    level: 'int',
    suite: 'test/integration/kafka/exactly-once.int.test.ts',
  },
  {
    id: 'taken-inside-a-packet',
    breaks: 'bytes in the middle of a packet are taken for a PUBLISH',
    edits: [
      {
        file: 'src/transport/mqtt/publish-intake.ts',
        find: 'parser._list.length === 0 && parser._stateCounter === 0',
        replace: 'parser._list.length >= 0',
      },
    ],
    level: 'unit',
    suite: 'test/unit/mqtt-broker/publish-intake.unit.test.ts',
  },
  {
    id: 'fresh-bytes-overtake',
    breaks: 'what has just come is taken before what waits in the buffer of its socket',
    edits: [
      {
        file: 'src/transport/mqtt/publish-intake.ts',
        find: 'socket.readableLength === 0 && client._parsingBatch <= 0 && isBetweenPackets(parser)',
        replace: 'isBetweenPackets(parser)',
      },
    ],
    level: 'unit',
    suite: 'test/unit/mqtt-broker/publish-intake.unit.test.ts',
  },
  {
    id: 'payload-read-into-again',
    breaks: 'a payload is kept in the buffer that all sockets are read into',
    edits: [
      {
        file: 'src/transport/mqtt/publish-intake.ts',
        find: 'bytes.copy(payload, 0, payloadAt, end);',
        replace: 'payload = bytes.subarray(payloadAt, end);',
      },
      {
        file: 'src/transport/mqtt/publish-intake.ts',
        find: 'const payload = Buffer.allocUnsafe(end - payloadAt);',
        replace: 'let payload = Buffer.allocUnsafe(end - payloadAt);',
      },
    ],
    level: 'unit',
    suite: 'test/unit/mqtt-broker/publish-intake.unit.test.ts',
  },
  {
    id: 'sessions-of-others-closed',
    breaks: 'a node that starts ends the sessions of devices that are live on another node',
    edits: [
      {
        file: 'src/persistence/projections/device-index.ts',
        find: ' and not exists (select from node_lease l where l.life = d.life)',
        replace: '',
      },
    ],
    level: 'int',
    suite: 'test/integration/persistence/device-index.int.test.ts',
  },
  {
    id: 'delivered-without-authorization',
    breaks: 'what is delivered to a device is not authorized again',
    edits: [
      {
        file: 'src/transport/mqtt/delivery.ts',
        find: "if (topic === undefined || !may(session.peer, 'receive', topic)) return null;",
        replace: 'if (topic === undefined) return null;',
      },
    ],
    level: 'unit',
    suite: 'test/unit/mqtt-broker/session-store.unit.test.ts',
  },
  {
    id: 'topics-without-tenant',
    breaks: 'two tenants share the topics of the broker',
    edits: [
      {
        file: 'src/transport/mqtt/topics.ts',
        find: 'return `${tenant}/${topic}`;',
        replace: 'return tenant === undefined ? tenant : topic;',
      },
      {
        file: 'src/transport/mqtt/topics.ts',
        find: 'return internal.startsWith(`${tenant}/`) ? internal.slice(tenant.length + 1) : undefined;',
        replace: 'return tenant === undefined ? tenant : internal;',
      },
    ],
    level: 'unit',
    suite: 'test/unit/mqtt-broker/delivery.unit.test.ts',
  },
  {
    id: 'revocation-only-in-tls',
    breaks: 'a revoked credential connects as long as TLS lets it through',
    edits: [
      {
        file: 'src/actors/device/connection-decisions.ts',
        find: "  if (credential.revokedAt !== undefined) return refuse('CREDENTIAL_REVOKED', 'The credential was revoked.');\n",
        replace: '',
      },
    ],
    level: 'unit',
    suite: 'test/unit/mqtt-broker/admission.unit.test.ts',
  },
  {
    id: 'chain-of-payloads',
    breaks: 'the hash chain no longer covers the metadata of an event',
    edits: [
      {
        file: 'src/actors/kernel/hash-chain.ts',
        find: 'hashScratch(writeBytes(metadata, writeUpToMetadata(previous, event, metadata.length)), link);',
        replace: 'hashScratch(writeUpToMetadata(previous, event, metadata.length), link);',
      },
      {
        file: 'src/actors/kernel/hash-chain.ts',
        find: 'hashScratch(end, link);',
        replace: 'hashScratch(start, link);',
      },
    ],
    level: 'unit',
    suite: 'test/unit/actors/kernel/hash-chain.unit.test.ts',
  },
  {
    id: 'any-host',
    breaks: 'a page of another site reaches the API through DNS rebinding',
    edits: [
      {
        file: 'src/api/guards.ts',
        find: 'served.has(host)',
        replace: 'served.size > 0',
      },
    ],
    level: 'unit',
    suite: 'test/unit/api/refusals.unit.test.ts',
  },
];

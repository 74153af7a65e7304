// What a figure depends on beside the program: hardware and versions.
import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const KAFKA_POM = join(import.meta.dirname, '../../../tools/kafka/pom.xml');

/** @param pids of the servers that took part: `ready.pids` of a Fleetlog */
export async function describeMachine(pids = {}) {
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model,
    node: process.version,
    ...(pids.postgres && { postgres: await postgresVersion(pids.postgres) }),
    ...(pids.kafka && { kafka: await kafkaVersion() }),
  };
}

async function postgresVersion(pid) {
  const program = await readlink(`/proc/${pid}/exe`);
  const { stdout } = await promisify(execFile)(program, ['--version']);
  return stdout.replace(/^\D*/, '').trim();
}

/** The local broker runs what the set-up has fetched. */
async function kafkaVersion() {
  return /<kafka\.version>([^<]+)/.exec(await readFile(KAFKA_POM, 'utf8'))?.[1];
}

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { unzipSync } from 'fflate';
import { connectDevice, enrol, makeCsr } from '../../support/enrolled-device.js';
import { startFleetlog, type FleetlogProcess } from '../../support/fleetlog-process.js';
import { createEmptyDatabase, type TestDatabase } from '../../support/postgres.js';
import { until } from '../../support/until.js';

const PROGRAM = join(import.meta.dirname, '../../../tools/fleetlog.js');
const COMMAND = `'${process.execPath}' '${PROGRAM}'`;
const TIMEOUT_MS = 60_000;

interface Shown {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let database: TestDatabase;
let server: FleetlogProcess;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fleetlog-cli-'));
  database = await createEmptyDatabase();
  server = await startFleetlog({ dataDir: join(folder, 'data'), databaseUrl: database.url });
  await piped("device create pump-7 --type pump --name 'Feed pump 7' --tag hall-2");
  await piped('device create valve-1 --type valve');
}, TIMEOUT_MS);
afterAll(async () => {
  await server.stop();
  await database.drop();
  await rm(folder, { recursive: true });
});

/** Starts a line of a shell in the folder of the server, with what it left there for the command line. */
function start(line: string, input = ''): { readonly child: ChildProcess; readonly ended: Promise<Shown> } {
  const environment = { PATH: process.env.PATH, FLEETLOG_DATA_DIR: join(folder, 'data') };
  const child = spawn('bash', ['--norc', '-o', 'pipefail', '-c', line], { cwd: folder, env: environment });
  // A command that does not ask leaves it unread.
  child.stdin.on('error', () => undefined).end(input);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Shown>((resolve) =>
    child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr })),
  );
  return { child, ended };
}

const shell = (line: string, input?: string): Promise<Shown> => start(line, input).ended;

/** Every line of the command line that a test has run. */
const linesRun: string[] = [];

function piped(line: string, input?: string): Promise<Shown> {
  linesRun.push(line);
  return shell(`${COMMAND} ${line}`, input);
}

/** In a pseudo-terminal of 100 columns; what a person types is sent in ahead. */
function onTerminal(line: string, typed?: string): Promise<Shown> {
  linesRun.push(line);
  const inner = `stty cols 100 rows 40; ${COMMAND} ${line}`.replaceAll("'", `'\\''`);
  return shell(`script -qec '${inner}' /dev/null${typed === undefined ? ' < /dev/null' : ''}`, typed);
}

const rowsOf = ({ stdout }: Shown): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

describe.each([
  ['device ls', 'STATE'],
  ['device ls --type pump --tag hall-2 --state never --sort -id', 'Feed pump 7'],
  ["device ls --filter 'device.enabled'", 'valve-1'],
  ['device get pump-7', 'session epoch'],
  ['device connections pump-7 --since 24h', ''],
  ['cert ls pump-7', ''],
  ['cert ls --state active --expires-within 400', ''],
  ['token ls', ''],
  ['token ls --device pump-7', ''],
  ['user ls', 'admin'],
  ['session ls', ''],
  ['audit ls', 'DeviceRegistered'],
  ['audit ls --principal system/admin --type DeviceRegistered --since 1h --device pump-7', 'pump-7'],
  ['events ls', 'DeviceRegistered'],
  ['events ls --device pump-7', 'DeviceRegistered'],
  ['events ls --since 10m --type DeviceRegistered --filter \'event.device == "pump-7"\'', 'DeviceRegistered'],
  ['events tail --since 10m --type DeviceRegistered --limit 2', 'DeviceRegistered'],
  ['replay --all', '"DeviceRegistered"'],
  ['status', 'Postgres'],
  ['status --wait 5s', 'needs attention'],
  ['doctor', 'answers in'],
])('`%s`', (line, shown) => {
  test(
    'gives JSON in a pipe, something for people on a terminal, and CSV on demand',
    async () => {
      const [pipe, terminal, csv] = await Promise.all([piped(line), onTerminal(line), piped(`${line} -o csv`)]);
      expect([pipe.exitCode, terminal.exitCode, csv.exitCode]).toEqual([0, 0, 0]);
      for (const row of rowsOf(pipe)) expect(typeof row).toBe('object');
      expect(terminal.stdout).toContain(shown);
      for (const text of terminal.stdout.replace(/\u001b\[\d+m/g, '').split('\r\n')) {
        if (!text.startsWith('{') && !/events/.test(text)) expect(Array.from(text).length).toBeLessThanOrEqual(100);
      }
    },
    TIMEOUT_MS,
  );
});

test(
  '`status` fits a terminal of 24 lines',
  async () => {
    expect((await onTerminal('status')).stdout.trimEnd().split('\n').length).toBeLessThanOrEqual(20);
  },
  TIMEOUT_MS,
);

describe('what changes something', () => {
  test(
    'a device is registered, changed, disabled, enabled and removed; each is shown and not done with --dry-run',
    async () => {
      expect((await piped('device create lamp-1 --dry-run')).stdout).toContain('"dryRun":true');
      expect((await piped('device get lamp-1')).exitCode).toBe(4);
      expect((await piped('device create lamp-1')).exitCode).toBe(0);
      expect((await piped('device create lamp-1')).exitCode).toBe(5);
      expect(rowsOf(await piped('device update lamp-1 --name Lamp --tag a --tag b'))[0]).toMatchObject({
        name: 'Lamp',
        tags: ['a', 'b'],
      });
      expect((await piped('device update lamp-1 --name Other --if-match 1')).exitCode).toBe(5);
      expect(rowsOf(await piped('device disable lamp-1'))[0]).toMatchObject({ enabled: false });
      expect(rowsOf(await piped('device enable lamp-1'))[0]).toMatchObject({ enabled: true });
      expect((await piped('device rm lamp-1')).exitCode).toBe(2);
      expect((await onTerminal('device rm lamp-1', 'no\n')).exitCode).toBe(1);
      expect((await onTerminal('device rm lamp-1', 'yes\n')).exitCode).toBe(0);
      expect((await piped('device get lamp-1')).exitCode).toBe(4);
    },
    TIMEOUT_MS,
  );

  test(
    'a certificate is issued, rotated and revoked; a device that does not connect in time ends --wait with 6',
    async () => {
      for (const name of ['a', 'b']) {
        const request = `openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${name}.key`;
        expect((await shell(`${request} -subj /CN=valve-1 -out ${name}.csr`)).exitCode).toBe(0);
      }
      const [first] = rowsOf(await piped('cert issue valve-1 --csr a.csr --out a.pem'));
      expect(await readFile(join(folder, 'a.pem'), 'utf8')).toContain('BEGIN CERTIFICATE');
      const rotated = await piped('cert rotate valve-1 --csr b.csr --wait 1s');
      expect(rotated.exitCode).toBe(6);
      expect(rotated.stderr).toContain(`cert revoke valve-1 ${String(first?.['fingerprint'])}`);
      expect((await piped(`cert revoke valve-1 ${String(first?.['fingerprint'])} --yes`)).exitCode).toBe(0);
      const states = rowsOf(await piped('cert ls valve-1')).map(({ state }) => state);
      expect([...states].sort()).toEqual(['active', 'revoked']);
    },
    TIMEOUT_MS,
  );

  test(
    '`cert rotate --wait` revokes the old certificate once the device has connected with the new one',
    async () => {
      const device = await enrol(server, 'meter-1');
      const { key, csr } = await makeCsr('meter-1');
      await writeFile(join(folder, 'meter.csr'), csr);
      const rotating = piped('cert rotate meter-1 --csr meter.csr --out meter.pem --wait 20s');
      const certificate = await until('the new certificate', () =>
        readFile(join(folder, 'meter.pem'), 'utf8').then(
          (text) => text.includes('END CERTIFICATE') && text,
          () => undefined,
        ),
      );
      const client = await connectDevice({ ...device, key, certificate }, server.ready.mqttsPort ?? 0);
      const { exitCode, stderr } = await rotating;
      await client.endAsync();
      expect([exitCode, stderr]).toEqual([0, expect.stringContaining(`${device.fingerprint} is revoked`)]);
      const states = rowsOf(await piped('cert ls meter-1')).map(({ state, fingerprint }) => [state, fingerprint]);
      expect(states).toContainEqual(['revoked', device.fingerprint]);
      expect(states.filter(([state]) => state === 'active')).toHaveLength(1);
    },
    TIMEOUT_MS,
  );

  test(
    'a user is added, gets another role and password, is disabled, enabled and deleted; the password is typed unseen',
    async () => {
      expect((await piped('user add ann --role operator', 'three words and a 4\n')).exitCode).toBe(0);
      expect((await piped('user add bob --role viewer', '')).exitCode).toBe(2);
      const typed = await onTerminal('user reset-password ann', 'other words than 5\nother words than 5\n');
      expect(typed.exitCode).toBe(0);
      expect((await onTerminal('user reset-password ann', 'one way 12345\nanother way 1\n')).exitCode).toBe(1);
      const signIn = { name: 'ann', password: 'other words than 5' };
      expect((await server.call('POST', '/sessions', signIn)).status).toBe(201);
      const [session] = rowsOf(await piped('session ls'));
      expect((await piped(`session end ${String(session?.['id'])} --yes`)).exitCode).toBe(0);
      expect(rowsOf(await piped('session ls'))).toEqual([]);
      expect((await piped('user role ann viewer')).exitCode).toBe(0);
      expect(rowsOf(await piped('user ls'))).toContainEqual(expect.objectContaining({ name: 'ann', role: 'viewer' }));
      expect((await piped('user disable ann --yes')).exitCode).toBe(0);
      expect(rowsOf(await piped('user ls'))).toContainEqual(expect.objectContaining({ name: 'ann', enabled: false }));
      expect((await server.call('POST', '/sessions', signIn)).status).toBe(401);
      expect((await piped('user enable ann')).exitCode).toBe(0);
      expect((await server.call('POST', '/sessions', signIn)).status).toBe(201);
      expect((await piped('user rm ann --yes')).exitCode).toBe(0);
      expect(rowsOf(await piped('user ls')).map(({ name }) => name)).not.toContain('ann');
      expect((await piped('user disable admin --yes')).exitCode).toBe(5);
    },
    TIMEOUT_MS,
  );

  test(
    'a token is issued, used and revoked; one without the right ends with 3',
    async () => {
      const [issued] = rowsOf(await piped('token issue --role viewer --label report'));
      const viewer = `FLEETLOG_TOKEN=${String(issued?.['token'])} ${COMMAND}`;
      expect((await shell(`${viewer} device get pump-7`)).exitCode).toBe(0);
      expect((await shell(`${viewer} device disable pump-7`)).exitCode).toBe(3);
      expect((await piped(`token revoke ${String(issued?.['id'])} --yes`)).exitCode).toBe(0);
      expect((await shell(`${viewer} device get pump-7`)).exitCode).toBe(3);
    },
    TIMEOUT_MS,
  );

  test(
    'a key that the server has made is fetched once; a second try says what to do instead',
    async () => {
      const [issued] = rowsOf(await piped('cert issue pump-7 --generate-key'));
      const fingerprint = String(issued?.['fingerprint']);
      expect((await piped(`cert bundle pump-7 ${fingerprint}`)).exitCode).toBe(0);
      const files = Object.keys(unzipSync(await readFile(join(folder, 'pump-7.zip'))));
      expect(files).toEqual(expect.arrayContaining(['certificate.pem', 'private-key.pem', 'ca.pem']));
      const again = await piped(`cert bundle pump-7 ${fingerprint} --out again.zip`);
      expect([again.exitCode, again.stderr]).toEqual([4, expect.stringContaining('BUNDLE_GONE')]);
    },
    TIMEOUT_MS,
  );

  test(
    'what cannot be undone asks a person on a terminal, and leaves all as it was for any answer but yes',
    async () => {
      expect((await piped('user add eve --role viewer', 'three words and a 4\n')).exitCode).toBe(0);
      expect((await server.call('POST', '/sessions', { name: 'eve', password: 'three words and a 4' })).status).toBe(
        201,
      );
      const session = rowsOf(await piped('session ls')).find(({ userAgent }) => userAgent !== undefined);
      const [token] = rowsOf(await piped('token issue --role viewer'));
      const { fingerprint } = await enrol(server, 'lamp-2');
      for (const line of [
        `session end ${String(session?.['id'])}`,
        `token revoke ${String(token?.['id'])} --reason lost`,
        `cert revoke lamp-2 ${fingerprint} --reason 'key compromised'`,
        'user disable eve',
        'user rm eve',
        'device rm lamp-2',
      ]) {
        const refused = await onTerminal(line, 'maybe\n');
        expect([line, refused.exitCode, refused.stdout]).toEqual([line, 1, expect.stringContaining('yes')]);
        const done = await onTerminal(line, 'yes\n');
        expect([line, done.exitCode, done.stdout]).toEqual([line, 0, expect.stringContaining('✓')]);
      }
      expect(rowsOf(await piped('token ls'))).toContainEqual(
        expect.objectContaining({ id: token?.['id'], revokeReason: 'lost' }),
      );
    },
    TIMEOUT_MS,
  );
});

test(
  'Ctrl-C ends `simulate` with its devices',
  async () => {
    const line = 'simulate --devices 2 --rate 5/s';
    linesRun.push(line);
    const { child, ended } = start(`exec ${COMMAND} ${line}`);
    await until('telemetry of both', async () => {
      const events = rowsOf(await piped('events ls --type TelemetryRecorded'));
      return new Set(events.map(({ stream }) => stream)).size >= 2;
    });
    child.kill('SIGINT');
    expect((await ended).exitCode).toBe(0);
    await until('the devices to be gone', async () => rowsOf(await piped('device ls --state online')).length === 0);
  },
  TIMEOUT_MS,
);

test(
  'SEC-155 what `replay` has written verifies, and a changed byte does not',
  async () => {
    expect((await piped('replay --all --out all.ndjson')).exitCode).toBe(0);
    expect((await piped('events verify all.ndjson')).exitCode).toBe(0);
    const text = await readFile(join(folder, 'all.ndjson'), 'utf8');
    await writeFile(join(folder, 'changed.ndjson'), text.replace('Feed pump 7', 'Feed pump 8'));
    const verified = await piped('events verify changed.ndjson');
    expect(verified.exitCode).toBe(1);
    expect(rowsOf(verified)[0]).toMatchObject({
      faults: [{ stream: 'device/default/pump-7', sequence: 1, fault: 'link' }],
    });
  },
  TIMEOUT_MS,
);

test(
  '`relay verify` without Kafka says so',
  async () => {
    const { exitCode, stderr } = await piped('relay verify');
    expect(exitCode).toBe(5);
    expect(stderr).toContain('RELAY_OFF');
  },
  TIMEOUT_MS,
);

test(
  'a server that is not there ends `status --wait` with 6',
  async () => {
    const { exitCode, stderr } = await piped('--url http://127.0.0.1:9 status --wait 1s');
    expect(exitCode).toBe(6);
    expect(stderr).toContain('does not accept events');
  },
  TIMEOUT_MS,
);

test('each command of the reference has been run above', async () => {
  const reference = await readFile(join(import.meta.dirname, '../../../docs/reference/command-line.md'), 'utf8');
  const names = [...reference.matchAll(/^### fleetlog (.+)$/gm)].map(([, name = '']) => name);
  const leaves = names.filter((name) => !names.some((other) => other.startsWith(`${name} `)));
  expect(leaves.length).toBeGreaterThan(25);
  const untried = leaves.filter((name) => !linesRun.some((line) => `${line} `.includes(`${name} `)));
  expect(untried).toEqual([]);
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CliFailure, EXIT } from './failure.js';

/** Where the server is, and by which right it is asked. */
export interface Settings {
  /** Base address without a slash at the end. */
  readonly url: string;
  /** `undefined` where only public addresses can be asked. */
  readonly token: string | undefined;
  /** Listener of devices over mutual TLS; `undefined` when nothing tells it. */
  readonly mqttUrl: string | undefined;
  readonly dataDir: string;
}

export interface SettingsSource {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `--url`. */
  readonly url?: string | undefined;
  /** Where a server is looked for when nothing tells of one. */
  readonly fallbackUrl?: string | undefined;
}

/** Written by the server at its start, for its owner alone. */
interface LocalServer {
  readonly url: string;
  readonly token: string;
  readonly mqtt?: { readonly host: string; readonly port: number | null };
}

/**
 * `--url`, `FLEETLOG_URL` and `FLEETLOG_TOKEN` first, then what a local server left in `<data directory>/cli.json`. The token
 * of that file goes to that server only: never to an address from elsewhere.
 * @throws CliFailure when there is no address, or one that is none
 */
export async function findSettings({ environment, url, fallbackUrl }: SettingsSource): Promise<Settings> {
  const dataDir = environment['FLEETLOG_DATA_DIR'] ?? '.fleetlog';
  const local = await readLocalServer(join(dataDir, 'cli.json'));
  const named = url ?? environment['FLEETLOG_URL'];
  const address = baseOf(named ?? local?.url ?? fallbackUrl);
  const isLocal = local !== undefined && baseOf(local.url) === address;
  return {
    url: address,
    token: environment['FLEETLOG_TOKEN'] ?? (isLocal ? local.token : undefined),
    mqttUrl: isLocal ? mqttUrlOf(local) : undefined,
    dataDir,
  };
}

async function readLocalServer(path: string): Promise<LocalServer | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CliFailure(`${path} can not be read: ${(error as Error).message}`);
  }
  try {
    return JSON.parse(text) as LocalServer;
  } catch {
    throw new CliFailure(`${path} is not JSON.`, { hint: 'Start Fleetlog again: it writes the file anew.' });
  }
}

function baseOf(address: string | undefined): string {
  if (address === undefined) {
    throw new CliFailure('No Fleetlog is known here.', {
      exitCode: EXIT.usage,
      hint: 'Run `npm run demo` in this folder, or set FLEETLOG_URL and FLEETLOG_TOKEN.',
    });
  }
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new CliFailure(`"${address}" is no address of a server: it begins with http:// or https://.`, {
      exitCode: EXIT.usage,
    });
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

function mqttUrlOf({ mqtt }: LocalServer): string | undefined {
  if (mqtt?.port === undefined || mqtt.port === null) return undefined;
  const host = mqtt.host.includes(':') ? `[${mqtt.host}]` : mqtt.host;
  return `mqtts://${host}:${mqtt.port}`;
}

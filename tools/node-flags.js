import { join } from 'node:path';

/**
 * Messages live as long as their commit, some ten milliseconds: in V8's default nursery of 16 MB they outlive several collections
 * and are copied each time. 64 MB saves a sixth of the CPU per message and costs up to 100 MB of memory, under load only
 * (bench `ingest`).
 */
export const NURSERY = '--max-semi-space-size=64';

/** How Node runs the server; `Dockerfile` has the same. Whoever names a configuration of OpenSSL of their own keeps it. */
export const NODE_FLAGS = process.env.OPENSSL_CONF
  ? [NURSERY]
  : [NURSERY, `--openssl-config=${join(import.meta.dirname, 'openssl.cnf')}`];

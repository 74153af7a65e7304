/**
 * How Node runs the server. Messages live as long as their commit, some ten milliseconds: in V8's default nursery of 16 MB they
 * outlive several collections and are copied each time. 64 MB saves a sixth of the CPU per message and costs up to 100 MB of
 * memory, under load only (bench `ingest`). `Dockerfile` has the same.
 */
export const NODE_FLAGS = ['--max-semi-space-size=64'];

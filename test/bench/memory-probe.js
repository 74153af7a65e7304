// Loaded into a server with `--expose-gc --import`: answers { type: 'measure memory' } on its IPC line with its memory after full collections.
const SETTLE_ROUNDS = 4;

process.on('message', (message) => {
  if (message?.type === 'measure memory') void answer();
});

async function answer() {
  for (let round = 0; round < SETTLE_ROUNDS; round++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  process.send({ type: 'memory', ...process.memoryUsage() });
}

// Starts the built server as a child and shows its steps. Ctrl-C reaches this process alone (the server has a process group
// of its own), so that what runs on top of the server ends first; the server stops by itself when this process dies.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { NODE_FLAGS } from './node-flags.js';
import { ROOT } from './setup.js';
import { StepError } from './steps.js';

const STOP_MS = 10_000;
const WATCH_PARENT_MS = 500;

/**
 * @param {ReturnType<typeof import('./steps.js').createSteps>} steps
 * @returns {Promise<{ ready: import('../dist/process.js').ReadyMessage, exited: Promise<number>, stop(): Promise<number> }>}
 */
export async function startServer(steps, { args = [] } = {}) {
  const child = spawn(process.execPath, [...NODE_FLAGS, join(ROOT, 'dist/main.js'), ...args], {
    cwd: process.cwd(),
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // The steps tell what is worth telling; whoever wants the log asks for it.
    env: { LOG_LEVEL: 'warn', ...process.env },
  });
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0))));
  let failure;
  const ready = new Promise((resolve, reject) => {
    child.on('message', (message) => {
      if (message.type === 'step') steps[message.state](message.text);
      else if (message.type === 'failed') failure = message.sentence;
      else if (message.type === 'ready') resolve(message);
    });
    void exited.then((code) => {
      steps.abandon();
      reject(
        new StepError(failure ?? `The server ended with exit code ${code} before it was ready; its log is above.`),
      );
    });
  });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    const code = await exited;
    clearTimeout(late);
    return code;
  };
  const untilReady = interrupted();
  const first = await Promise.race([ready, untilReady.signal]);
  untilReady.dispose();
  if (first === 'interrupted') {
    await stop();
    throw new StepError('Stopped before the server was ready.');
  }
  return { ready: first, exited, stop };
}

/** Waits until somebody stops the server; its own end before that is a fault worth a sentence. */
export async function untilStopped(server, end) {
  const ended = await Promise.race([server.exited, end.signal]);
  if (ended === 'interrupted' || ended === 0) return;
  throw new StepError('The server ended by itself. Start again: whatever was acknowledged is kept.');
}

/** Resolves when the user, npm or the end of the parent asks this process to stop. */
export function interrupted() {
  const parent = process.ppid;
  let watch;
  let onSignal;
  const signal = new Promise((resolve) => {
    onSignal = () => resolve('interrupted');
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal);
    // npm may be killed without passing anything on: then this process has a new parent.
    watch = setInterval(() => process.ppid !== parent && resolve('interrupted'), WATCH_PARENT_MS);
    watch.unref();
  });
  return {
    signal,
    dispose() {
      clearInterval(watch);
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal).off('SIGHUP', onSignal);
    },
  };
}

import { Worker } from 'node:worker_threads';
import { FleetlogError } from '../../actors/kernel/errors.js';
import type { Logger } from '../../actors/kernel/ports/surroundings.js';
import type { SigningAnswer, SigningJob, SigningJobs, SigningThreadData } from './signing-protocol.js';

export interface SignerOptions {
  readonly data: SigningThreadData;
  readonly logger: Logger;
  /**
   * Module of the signing thread, JavaScript.
   * @default the compiled `signing-worker.js` beside this file; tests that run from source name the one in `dist/`
   */
  readonly workerUrl?: URL;
}

/** The main thread's side of the signing thread. */
export interface Signer {
  /**
   * @throws FleetlogError what the thread refused; `OVERLOADED` when too much waits; `INTERNAL` when the thread ended meanwhile
   * (the next call starts a new one); `SHUTTING_DOWN` after `stop`
   */
  run<J extends SigningJob>(job: J, input: SigningJobs[J]['input']): Promise<SigningJobs[J]['output']>;
  stop(): Promise<void>;
}

const MAX_WAITING = 1000;

interface Waiting {
  resolve(output: unknown): void;
  reject(error: Error): void;
}

/** Starts the thread with the first job, and again with the next one after it has ended. */
export function createSigner({ data, logger, workerUrl }: SignerOptions): Signer {
  const url = workerUrl ?? new URL('./signing-worker.js', import.meta.url);
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
  let lastId = 0;
  let stopped = false;

  function start(): Worker {
    // An environment of its own: the secrets of the process have no business in a thread that reads foreign bytes.
    const started = new Worker(url, {
      workerData: data,
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 128 },
    });
    started.on('message', settle);
    started.on('error', (error) => logger.error({ error: error.message }, 'The signing thread failed.'));
    started.once('exit', () => {
      if (worker === started) worker = undefined;
      failAll(stopped ? 'SHUTTING_DOWN' : 'INTERNAL', 'The signing thread ended before it had answered.');
    });
    return started;
  }

  function settle(answer: SigningAnswer): void {
    const entry = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('output' in answer) {
      entry?.resolve(answer.output);
      return;
    }
    const { code, detail, pointer } = answer.refusal;
    entry?.reject(new FleetlogError(code, detail, pointer === undefined ? {} : { pointer }));
  }

  function failAll(code: 'INTERNAL' | 'SHUTTING_DOWN', detail: string): void {
    const entries = [...waiting.values()];
    waiting.clear();
    for (const entry of entries) entry.reject(new FleetlogError(code, detail));
  }

  return {
    run<J extends SigningJob>(job: J, input: SigningJobs[J]['input']) {
      if (stopped) return Promise.reject(new FleetlogError('SHUTTING_DOWN', 'The certificate authority has stopped.'));
      if (waiting.size >= MAX_WAITING)
        return Promise.reject(new FleetlogError('OVERLOADED', 'Too many certificates are being made.'));
      worker ??= start();
      const id = ++lastId;
      worker.postMessage({ id, job, input });
      return new Promise<SigningJobs[J]['output']>((resolve, reject) => {
        // The thread answers a job with the output of that job: `SigningJobs` is the contract of both sides.
        waiting.set(id, { resolve: (output) => resolve(output as SigningJobs[J]['output']), reject });
      });
    },

    async stop() {
      stopped = true;
      await worker?.terminate();
    },
  };
}

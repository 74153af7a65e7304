// Set-up steps as people see them: a name when a step begins, a tick when it ends, seconds when it takes long.

import { relative } from 'node:path';

/** A step cannot go on: one sentence that says what is wrong and what to do. */
export class StepError extends Error {}

const SHOW_SECONDS_AFTER_MS = 2000;

/** @param {NodeJS.WriteStream} output */
export function createSteps(output = process.stdout) {
  const started = Date.now();
  let open; // the step under way: { name, since, detail, timer }

  const seconds = (since) => Math.round((Date.now() - since) / 1000);
  const draw = () => {
    if (!open || !output.isTTY) return;
    const time = Date.now() - open.since > SHOW_SECONDS_AFTER_MS ? ` ${seconds(open.since)} s` : '';
    output.write(`\r\x1b[2K… ${open.name}${open.detail ? ` (${open.detail})` : ''}${time}`);
  };

  const steps = {
    /** Whole seconds since the first step began. */
    elapsed: () => seconds(started),
    begin(name) {
      if (open) steps.end();
      open = { name, since: Date.now(), detail: '', said: 0 };
      open.timer = setInterval(() => {
        if (output.isTTY) draw();
        else if (seconds(open.since) >= open.said + 10)
          output.write(`  ${name}${open.detail ? ` (${open.detail})` : ''}: ${(open.said = seconds(open.since))} s\n`);
      }, 500);
      open.timer.unref();
      if (output.isTTY) draw();
      else output.write(`… ${name}\n`);
    },
    progress(detail) {
      if (open) open.detail = detail;
      draw();
    },
    end(name, mark = '✓') {
      if (!open) return;
      clearInterval(open.timer);
      const time = Date.now() - open.since > SHOW_SECONDS_AFTER_MS ? `   ${seconds(open.since)} s` : '';
      output.write(`${output.isTTY ? '\r\x1b[2K' : ''}${mark} ${name ?? open.name}${time}\n`);
      open = undefined;
    },
    /** A part that is left out, and why. */
    off(sentence) {
      if (open) clearInterval(open.timer);
      output.write(`${output.isTTY ? '\r\x1b[2K' : ''}– ${sentence}\n`);
      open = undefined;
    },
    abandon() {
      if (open) steps.end(undefined, '✗');
    },
    /** @template T @param {string} name @param {(progress: (detail: string) => void) => Promise<T>} work */
    async run(name, work) {
      steps.begin(name);
      try {
        const result = await work(steps.progress);
        steps.end();
        return result;
      } catch (error) {
        steps.abandon();
        throw error;
      }
    },
  };
  return steps;
}

/** Runs a tool's main function: a StepError ends it with its sentence and exit code 1, nothing else is printed. */
export async function runTool(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    const sentence = sentenceFor(error);
    process.stderr.write(sentence ? `\n${sentence}\n` : `\n${error?.stack ?? error}\n`);
    process.exitCode = 1;
  }
}

/** What a person can do about it; `undefined` for what nobody has thought of. */
function sentenceFor(error) {
  if (error instanceof StepError) return error.message;
  if (error?.code === 'ENOSPC') return 'The disk is full: free some space and start again; what is done is kept.';
  if (String(error?.code).startsWith('ERR_PARSE_ARGS')) {
    return `${error.message}\nThe options stand at the head of ${relative(process.cwd(), process.argv[1])}.`;
  }
  return undefined;
}

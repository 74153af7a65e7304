import type { Terminal } from './terminal.js';

/** How far long work is: one line that changes on a terminal, a line every 10 s elsewhere. */
export interface Progress {
  stop(): void;
}

const TERMINAL_EVERY_MS = 200;
const PIPE_EVERY_MS = 10_000;
const CLEAR_LINE = '\r\u001b[K';

/** @param describe what is shown, read anew each time */
export function startProgress(terminal: Terminal, quiet: boolean, describe: () => string): Progress {
  if (quiet) return { stop: () => undefined };
  const { stderr } = terminal;
  const isTerminal = stderr.isTTY === true;
  const show = (): void => void stderr.write(isTerminal ? `${CLEAR_LINE}${describe()}` : `${describe()}\n`);
  const timer = setInterval(show, isTerminal ? TERMINAL_EVERY_MS : PIPE_EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      stderr.write(`${isTerminal ? CLEAR_LINE : ''}${describe()}\n`);
    },
  };
}

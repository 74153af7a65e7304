import type { Terminal } from './terminal.js';

/** How far long work is. */
export interface Work {
  readonly done: number;
  /** All there is to do; absent where nobody knows. */
  readonly total?: number | undefined;
  /** What is counted, as in `events`. */
  readonly unit: string;
  /** More to tell, as in `3 connected`. */
  readonly detail?: string;
}

export interface Progress {
  stop(): void;
}

const TERMINAL_EVERY_MS = 200;
const PIPE_EVERY_MS = 10_000;
const CLEAR_LINE = '\r\u001b[K';
const BAR_CELLS = 20;

/** One line that changes on a terminal, a line every 10 s elsewhere. @param read how far the work is, asked anew each time */
export function startProgress(terminal: Terminal, quiet: boolean, read: () => Work): Progress {
  if (quiet) return { stop: () => undefined };
  const { stderr } = terminal;
  const isTerminal = stderr.isTTY === true;
  const start = performance.now();
  const line = (): string => describeWork(read(), (performance.now() - start) / 1_000);
  const show = (): void => {
    if (!isTerminal) stderr.write(`${line()}\n`);
    else stderr.write(`${CLEAR_LINE}${`${barOf(read())}${line()}`.slice(0, (terminal.stdout.columns || 80) - 1)}`);
  };
  const timer = setInterval(show, isTerminal ? TERMINAL_EVERY_MS : PIPE_EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      stderr.write(`${isTerminal ? CLEAR_LINE : ''}${line()}\n`);
    },
  };
}

/** `1,204 of 9,000 events, 3,100/s, 3 s left`. @param seconds since the work began */
export function describeWork({ done, total, unit, detail }: Work, seconds: number): string {
  const amount = total === undefined ? `${numeral(done)} ${unit}` : `${numeral(done)} of ${numeral(total)} ${unit}`;
  const rate = seconds >= 1 ? done / seconds : 0;
  const left = total === undefined || total <= done || rate === 0 ? undefined : duration((total - done) / rate);
  return [amount, rate > 0 && `${numeral(Math.round(rate))}/s`, left && `${left} left`, detail]
    .filter(Boolean)
    .join(', ');
}

function barOf({ done, total }: Work): string {
  if (total === undefined || total === 0) return '';
  const full = Math.min(BAR_CELLS, Math.floor((done / total) * BAR_CELLS));
  return `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} `;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.ceil(seconds)} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}

export const numeral = (value: number): string => value.toLocaleString('en-US');

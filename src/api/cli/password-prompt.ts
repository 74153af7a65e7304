import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { Interrupted } from './client.js';
import { CliFailure, EXIT } from './failure.js';
import type { Terminal } from './terminal.js';

/**
 * A password as a person types it, unseen and twice, or the first line of a pipe. Never an argument: those are seen by everybody
 * on the machine (SEC-140).
 */
export async function readPassword({ stdin, stderr, signal }: Terminal, question: string): Promise<string> {
  const isTerminal = stdin.isTTY === true;
  // readline echoes what is typed to its output; this one takes it and shows nothing.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const dialog = createInterface({ input: stdin, output: silent, terminal: isTerminal });
  const close = (): void => dialog.close();
  signal.addEventListener('abort', close, { once: true });
  const lines = dialog[Symbol.asyncIterator]();
  const ask = async (text: string): Promise<string> => {
    if (isTerminal) stderr.write(`${text}: `);
    const line = await lines.next();
    if (isTerminal) stderr.write('\n');
    if (signal.aborted) throw new Interrupted();
    if (line.done !== true && line.value !== '') return line.value;
    throw new CliFailure('A password is wanted.', {
      exitCode: EXIT.usage,
      hint: 'Type it on a terminal, or give it on standard input.',
    });
  };
  try {
    const password = await ask(question);
    if (isTerminal && password !== (await ask('Once more'))) {
      throw new CliFailure('The two differ. Nothing was changed.');
    }
    return password;
  } finally {
    signal.removeEventListener('abort', close);
    dialog.close();
  }
}

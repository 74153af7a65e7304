// The help of every command, as the command line itself prints it.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { block } from './markdown.js';

const run = promisify(execFile);

/** @returns {Promise<string>} a section per command, groups before their members */
export async function commandHelp(root) {
  const helpOf = async (path) => {
    const environment = { ...process.env, NO_COLOR: '1', COLUMNS: '100' };
    const program = [join(root, 'tools/fleetlog.js'), ...path, '--help'];
    return (await run(process.execPath, program, { env: environment })).stdout;
  };
  const sections = async (path) => {
    const help = await helpOf(path);
    const inner = await Promise.all(subcommands(help).map((name) => sections([...path, name])));
    return [`### ${['fleetlog', ...path].join(' ')}\n\n${block(help)}`, ...inner.flat()];
  };
  return (await sections([])).join('\n\n');
}

/** Names under "Commands:", where each stands two blanks in; `help` explains itself. */
function subcommands(help) {
  const list = /^Commands:\n((?: {2}.*\n?)*)/m.exec(help)?.[1] ?? '';
  return [...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name]) => name).filter((name) => name !== 'help');
}

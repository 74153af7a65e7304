import type { Command } from 'commander';
import { duration } from '../arguments.js';
import type { ContextFactory } from '../command-context.js';
import { CliFailure, EXIT } from '../failure.js';
import { healthLines } from '../health-lines.js';
import type { SystemActivity, SystemStatus } from '../system-state.js';
import { untilTrue } from '../until-true.js';

/** `fleetlog status`: the health page in 20 lines. */
export function addStatusCommand(program: Command, contextOf: ContextFactory): void {
  program
    .command('status')
    .description('how the platform is: what needs attention, ingest, devices, journal, Kafka')
    .option('--wait <duration>', 'wait so long until events are accepted', duration)
    .action(async ({ wait }: { readonly wait?: number }, command: Command) => {
      const { client, output, settings, terminal } = await contextOf(command);
      if (wait !== undefined) {
        const isReady = async (): Promise<boolean> => {
          try {
            return (await client.call({ method: 'GET', path: '/readyz', allow: [503] })).status === 200;
          } catch (error) {
            if (error instanceof CliFailure) return false;
            throw error;
          }
        };
        if (!(await untilTrue(isReady, wait, terminal.signal))) {
          throw new CliFailure(`${settings.url} does not accept events.`, {
            exitCode: terminal.signal.aborted ? EXIT.failure : EXIT.timeout,
            hint: '`npx fleetlog doctor` looks for the cause.',
          });
        }
      }
      const read = async <Body>(path: string): Promise<Body> =>
        (await client.call({ method: 'GET', path })).body as Body;
      const status = await read<SystemStatus>('/api/v1/system/status');
      const activity = await read<SystemActivity>('/api/v1/system/activity');
      if (output.form === 'table') {
        for (const line of healthLines(status, activity, settings.url, output)) await output.text(line);
      } else await output.record({ ...status, activity }, []);
    });
}

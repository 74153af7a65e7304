import { curlLine, type ApiQuestion } from '../format/commands.js';
import { Code } from './code.js';
import { Menu } from './menu.js';

export interface CopyAsProps {
  readonly question: ApiQuestion;
  /** The line for the command line that shows the same. */
  readonly fleetlog: string;
}

/** What is on screen, for a terminal. The token stays out of it. */
export function CopyAs({ question, fleetlog }: CopyAsProps) {
  return (
    <Menu label="Copy as">
      <div class="copy-as">
        <p class="field-label">curl</p>
        <Code text={curlLine(question, location.origin)} label="as curl" />
        <p class="field-label">fleetlog command</p>
        <Code text={fleetlog} label="as fleetlog command" />
        <p class="faint">
          <code>FLEETLOG_TOKEN</code> is a token of yours, from Settings.
        </p>
      </div>
    </Menu>
  );
}

import type { Problem } from '../data/client.js';
import { sentence } from '../format/events.js';
import { grouped } from '../format/numbers.js';
import { Button } from './button.js';
import { Copyable } from './copy.js';
import { Icon } from './icon.js';

export interface ProblemNoteProps {
  readonly problem: Problem;
  readonly onRetry?: () => void;
}

/** Why something failed and what to do, where it happened. */
export function ProblemNote({ problem, onRetry }: ProblemNoteProps) {
  const { title, detail, hint, code, type, requestId, errors = [], events = [] } = problem;
  return (
    <div class="problem" role="alert">
      <p class="problem-title">
        <Icon name="problem" />
        {title}
      </p>
      <p>{detail}</p>
      {errors.length > 1 && (
        <ul class="quiet">
          {errors.map(({ pointer, message }) => (
            <li key={pointer}>
              <code>{pointer}</code> {message}
            </li>
          ))}
        </ul>
      )}
      {events.length > 0 && (
        <ul class="quiet" aria-label="What has changed in between">
          {events.map(({ sequence, type: what, principal }) => (
            <li key={sequence}>
              <code>{grouped(sequence)}</code> {sentence(what)} by {principal}
            </li>
          ))}
        </ul>
      )}
      <p class="quiet">{hint}</p>
      <p class="problem-facts">
        {type.startsWith('/docs/') ? <a href={type}>{code}</a> : <span>{code}</span>}
        {requestId !== '' && (
          <span>
            Request <Copyable text={requestId} />
          </span>
        )}
      </p>
      {onRetry && <Button label="Retry" icon="refresh" onPress={onRetry} />}
    </div>
  );
}

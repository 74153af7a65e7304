import { Loaded } from '../../components/loaded.js';
import { Panel } from '../../components/panel.js';
import { Table } from '../../components/table.js';
import { reach, RequestFailed } from '../../data/client.js';
import { useResource } from '../../data/resource.js';
import type { Readiness } from './system.js';

const EVERY_MS = 5000;

/** What the platform stands on, as `/readyz` tells it. */
export function Parts() {
  const readiness = useResource(readReadiness, [], EVERY_MS);
  return (
    <Panel title="Parts" flush>
      <Loaded of={readiness}>
        {({ parts = {} }) => (
          <Table
            label="Parts"
            rows={Object.entries(parts)}
            keyOf={([name]) => name}
            columns={[
              { key: 'name', title: 'Part', cell: ([name]) => name },
              { key: 'state', title: 'State', cell: ([, { state }]) => <PartState state={state} /> },
              { key: 'reason', title: 'Reason', cell: ([, { reason = '' }]) => reason },
            ]}
          />
        )}
      </Loaded>
    </Panel>
  );
}

function PartState({ state }: { readonly state: 'ok' | 'degraded' | 'down' }) {
  const [shape, tone] = { ok: ['✓', 'good'], degraded: ['◐', 'warn'], down: ['✕', 'bad'] }[state];
  return (
    <span class={`${tone} nowrap`}>
      <span aria-hidden="true">{shape} </span>
      {state}
    </span>
  );
}

/** 503 is an answer here, not a failure. */
export async function readReadiness(signal: AbortSignal): Promise<Readiness> {
  const response = await fetch('/readyz', { signal, headers: { Accept: 'application/json' } }).catch(() => undefined);
  signal.throwIfAborted();
  if (response?.status === 200 || response?.status === 503) return (await response.json()) as Readiness;
  // Asks again, for the problem's own words.
  await reach('/readyz', { signal });
  throw new RequestFailed({
    type: 'about:blank',
    title: 'The state could not be read',
    status: response?.status ?? 0,
    code: 'UNREACHABLE',
    detail: 'The server did not tell whether it is ready.',
    hint: 'This page asks again by itself.',
    instance: '/readyz',
    requestId: '',
  });
}

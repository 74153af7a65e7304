import { useMemo } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso/router';
import { Button } from '../../components/button.js';
import { Empty } from '../../components/empty.js';
import { Loaded } from '../../components/loaded.js';
import { useResource } from '../../data/resource.js';
import { Page } from '../../frame/page.js';
import { withQuery } from '../../frame/query.js';
import { EventFilters } from './event-filters.js';
import { readHistory } from './event-history.js';
import { EventList } from './event-list.js';
import { ExportDialog } from './export-dialog.js';
import { eventsLine, questionOf, requestOf, viewKey } from './view.js';

/** The journal across devices. The address holds the view. */
export function EventsPage() {
  const { query, route } = useLocation();
  const exporting = useSignal(false);
  const key = viewKey(query);
  const request = useMemo(() => requestOf(query, Date.now()), [key]);
  const before = query['before'] ?? 'head';
  const history = useResource((signal) => readHistory(request, before, signal), [key]);
  const { data, problem } = history.reading.value;
  const fault = problem?.code === 'FILTER_INVALID' ? problem.detail : undefined;
  return (
    <Page
      title="Events"
      lead="The order is total within a stream and within a shard; between shards it is that of the times of recording."
      actions={
        <Button icon="download" label="Export" disabled={data === undefined} onPress={() => (exporting.value = true)} />
      }
      outside={{ question: questionOf(request, before), fleetlog: eventsLine(request) }}
    >
      <EventFilters
        go={(change) => route(withQuery({ event: undefined, before: undefined, ...change }), true)}
        fault={fault}
      />
      {fault === undefined ? (
        <Loaded of={history} lines={14}>
          {(first) => <EventList key={key} request={request} first={first} onLost={() => void history.reload()} />}
        </Loaded>
      ) : (
        <section class="panel">
          <Empty title="The condition can not be read." />
        </section>
      )}
      {exporting.value && data && (
        <ExportDialog
          request={request}
          estimate={data.estimate}
          exact={data.next === null}
          onClose={() => (exporting.value = false)}
        />
      )}
    </Page>
  );
}

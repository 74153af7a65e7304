import { Empty } from '../../components/empty.js';
import { counted } from '../../format/numbers.js';
import { withQuery } from '../../frame/query.js';
import { WITHOUT_FILTERS, type EventRequest } from './view.js';

/** Nothing matches, which is not the same as nothing being there. @param props.passed `undefined` = everything was looked through */
export function NoEvents(props: { readonly request: EventRequest; readonly passed: number | undefined }) {
  const { request, passed } = props;
  if (Object.keys(request).length === 0 && passed === undefined) {
    return (
      <Empty title="The journal is empty.">
        <p>
          Connect a device, or run <code>npx fleetlog simulate --devices 50</code>.
        </p>
      </Empty>
    );
  }
  return (
    <Empty
      title={passed === undefined ? 'Nothing matches.' : `Nothing matches in the newest ${counted(passed, 'event')}.`}
    >
      <p>
        {request.from !== undefined && (
          <>
            <a href={withQuery({ since: undefined, from: undefined, to: undefined })}>Widen the range</a> or{' '}
          </>
        )}
        <a href={withQuery(WITHOUT_FILTERS)}>Clear filters</a>
        {passed === undefined ? '.' : ', or look further back below.'}
      </p>
    </Empty>
  );
}

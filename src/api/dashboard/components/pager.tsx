import { useLocation } from 'preact-iso/router';
import { Button } from './button.js';
import { withQuery } from '../frame/query.js';

/** First and next page of a list whose `cursor` is in the address. @param props.next of the answer */
export function Pager({ next }: { readonly next: string | null }) {
  const { query, route } = useLocation();
  const { cursor } = query;
  if (cursor === undefined && next === null) return null;
  return (
    <span class="page-actions">
      <Button
        label="First page"
        disabled={cursor === undefined}
        onPress={() => route(withQuery({ cursor: undefined }))}
      />
      <Button
        label="Next page"
        icon="right"
        disabled={next === null}
        onPress={() => route(withQuery({ cursor: next ?? undefined }))}
      />
    </span>
  );
}

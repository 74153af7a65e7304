import { useRef } from 'preact/hooks';
import { Banner } from '../components/banner.js';
import { now } from '../data/clock.js';
import { useResource } from '../data/resource.js';
import { unreachableSince } from '../data/session.js';
import { preferences } from '../data/preferences.js';
import { clockTime } from '../format/times.js';
import { readReadiness } from '../pages/health/parts.js';

const EVERY_MS = 3000;

/** What concerns every page. */
export function PageBanners() {
  const { zone } = preferences.value;
  const stalledSince = useStalledSince();
  const goneSince = unreachableSince.value;
  if (goneSince !== undefined) {
    return (
      <Banner tone="bad">
        The server has not answered since {clockTime(goneSince.getTime(), zone)}. What you see is from before; the page
        goes on by itself when the server is back. Devices keep their messages and send them again.
      </Banner>
    );
  }
  if (stalledSince === undefined) return null;
  return (
    <Banner tone="bad">
      <strong>Not acknowledging: devices keep their messages and send again.</strong> Since{' '}
      {clockTime(stalledSince, zone)} the journal can not be written. What was acknowledged is safe; pages show what can
      be read, and everything goes on by itself. <a href="/health">See Health</a>
    </Banner>
  );
}

/** When this page first saw that the journal can not be written, ms since 1970. */
function useStalledSince(): number | undefined {
  const readiness = useResource(readReadiness, [], EVERY_MS);
  const since = useRef<number>(undefined);
  const { data } = readiness.reading.value;
  const writable = data?.parts?.['journal']?.state ?? 'ok';
  if (writable === 'ok') since.current = undefined;
  else since.current ??= now.peek();
  return since.current;
}

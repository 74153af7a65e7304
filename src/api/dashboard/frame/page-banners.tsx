import { Banner } from '../components/banner.js';
import { unreachableSince } from '../data/session.js';
import { preferences } from '../data/preferences.js';
import { clockTime } from '../format/times.js';

/** What concerns every page. */
export function PageBanners() {
  const since = unreachableSince.value;
  if (since === undefined) return null;
  return (
    <Banner tone="bad">
      The server has not answered since {clockTime(since.getTime(), preferences.value.zone)}. What you see is from
      before; the page goes on by itself when the server is back. Devices keep their messages and send them again.
    </Banner>
  );
}

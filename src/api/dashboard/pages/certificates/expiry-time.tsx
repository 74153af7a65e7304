import { Badge } from '../../components/badge.js';
import { Time } from '../../components/time.js';
import { now } from '../../data/clock.js';
import { preferences } from '../../data/preferences.js';
import { day } from '../../format/times.js';
import { SOON_DAYS } from './expiring.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** When something ends; marked while there is little time left to do something about it. */
export function ExpiryTime({ at }: { readonly at: string }) {
  const time = Date.parse(at);
  const left = time - now.value;
  const soon = left > 0 && left <= SOON_DAYS * DAY_MS;
  return (
    <span class="nowrap">
      {day(time, preferences.value.zone)}{' '}
      {soon ? (
        <Badge tone="warn">
          <Time at={at} />
        </Badge>
      ) : (
        <span class="faint">
          <Time at={at} />
        </span>
      )}
    </span>
  );
}

import { disconnectWords } from '../../format/events.js';
import { counted, grouped } from '../../format/numbers.js';
import { clockTime, duration } from '../../format/times.js';
import type { Readiness, SystemActivity, SystemStatus } from '../health/system.js';
import { secondsLeft } from '../health/trend.js';
import { SOON_DAYS, type ExpiringCertificates } from '../certificates/expiring.js';

/** One thing that somebody should look at. */
export interface Concern {
  readonly key: string;
  readonly tone: 'bad' | 'warn';
  readonly title: string;
  readonly detail: string;
  /** ms since 1970. */
  readonly since: number;
  /** Where to look. */
  readonly href: string;
  readonly count: string;
  /** Readings that a pace is told from. */
  readonly lag?: { readonly events: number; readonly at: number };
}

/** From here on Kafka's lag is worth a line. */
const LAG_EVENTS = 1_000;
const LAG_SECONDS = 5;
/** A connection that is taken over so often is not a device that has moved, but two that take turns. */
const TAKEN_OVER = 3;
/** Connects per second are told as the mean of so many seconds. */
const RECENT_SECONDS = 5;
/** Devices that went offline within the same minutes for the same reason. */
const TOGETHER = 3;
/** After a crash of the server devices have so long to come back before they count as lost. */
const RETURN_MS = 60_000;

interface Facts {
  readonly ready: Readiness | undefined;
  readonly status: Pick<SystemStatus, 'shards' | 'relay' | 'recovering'> | undefined;
  readonly activity: SystemActivity | undefined;
  readonly expiring?: ExpiringCertificates | undefined;
  /** What was told a moment ago: when each began, and how long the lag was then. */
  readonly before: readonly Concern[];
  readonly now: number;
}

/** What needs attention, the worst first. */
export function concernsOf(facts: Facts): readonly Concern[] {
  return [
    ...journalConcern(facts),
    ...recoveryConcern(facts),
    ...relayConcern(facts),
    ...takenOverConcerns(facts),
    ...rejectionConcerns(facts),
    ...offlineConcerns(facts),
    ...certificateConcern(facts),
  ];
}

function sinceOf({ before, now }: Facts, key: string): number {
  return before.find((concern) => concern.key === key)?.since ?? now;
}

/** Which part it is and why; what it means for devices stands above every page. */
function journalConcern(facts: Facts): Concern[] {
  const journal = facts.ready?.parts?.['journal'];
  if (journal === undefined || journal.state === 'ok') return [];
  return [
    {
      key: 'journal',
      tone: 'bad',
      title: 'The journal can not be written',
      detail: journal.reason ?? '',
      since: sinceOf(facts, 'journal'),
      href: '/health',
      count: '',
    },
  ];
}

/** After a restart, when everything comes back at once. */
function recoveryConcern(facts: Facts): Concern[] {
  const recovering = facts.status?.recovering;
  if (recovering === undefined || recovering === null) return [];
  const { recovered, total } = recovering;
  const events = total - recovered;
  const { before, now } = facts;
  const known = before.find(({ key }) => key === 'recovering');
  const lag = known?.lag === undefined || known.lag.events < events ? { events, at: now } : known.lag;
  const left = secondsLeft(lag.events, events, Math.max(1, (now - lag.at) / 1000));
  const recent = facts.activity?.connects.slice(-RECENT_SECONDS) ?? [];
  const perSecond = recent.reduce((sum, count) => sum + count, 0) / Math.max(1, recent.length);
  return [
    {
      key: 'recovering',
      tone: 'warn',
      title: `Recovering ${grouped(recovered)} of ${grouped(total)} devices`,
      detail: `${grouped(perSecond)} connects/s${left === undefined ? '' : `, about ${duration(left * 1000)} left`}. Every page works meanwhile.`,
      since: sinceOf(facts, 'recovering'),
      href: '/health',
      count: grouped(events),
      lag,
    },
  ];
}

function relayConcern(facts: Facts): Concern[] {
  const { status, before, now } = facts;
  if (status === undefined || status.relay.state === 'off') return [];
  const events = status.shards.reduce((sum, shard) => sum + shard.lagEvents, 0);
  const seconds = Math.max(...status.shards.map((shard) => shard.lagSeconds));
  const waiting = status.relay.state === 'waiting';
  const known = before.find(({ key }) => key === 'relay');
  // A line that has come stays until the lag is gone, not until it is a little below the threshold.
  const low = known === undefined ? events < LAG_EVENTS && seconds < LAG_SECONDS : events === 0 || seconds < 1;
  if (!waiting && low) return [];
  const since = known?.since ?? now - seconds * 1000;
  const safe = `${counted(events, 'event')} safe in the journal`;
  const lag = known?.lag === undefined || known.lag.events < events ? { events, at: now } : known.lag;
  const left = secondsLeft(lag.events, events, Math.max(1, (now - lag.at) / 1000));
  return [
    {
      key: 'relay',
      tone: 'warn',
      title: waiting ? `Relay waiting since ${clockTime(since, 'local').slice(0, 5)}` : 'Relay catching up',
      detail: waiting || left === undefined ? safe : `${safe}, ${duration(left * 1000)} left`,
      since,
      href: '/health',
      count: grouped(events),
      lag,
    },
  ];
}

function takenOverConcerns({ activity }: Facts): Concern[] {
  return (activity?.takenOver ?? [])
    .filter(({ count }) => count >= TAKEN_OVER)
    .slice(0, 5)
    .map(({ device, count, firstAt, addresses }) => ({
      key: `taken over ${device}`,
      tone: 'warn' as const,
      title: `${device} is taken over again and again`,
      detail: `${counted(count, 'time')} in 5 min, from ${addresses.join(' and ')}: ${
        addresses.length > 1
          ? 'two devices with one certificate. Issue a second one.'
          : 'two devices with one certificate, or one that gives up too early.'
      }`,
      since: Date.parse(firstAt),
      href: deviceHref(device),
      count: grouped(count),
    }));
}

function rejectionConcerns({ activity }: Facts): Concern[] {
  return (activity?.rejections ?? []).slice(0, 5).map(({ device, count, firstAt, pointer = '', detail }) => ({
    key: `rejected ${device}`,
    tone: 'warn' as const,
    title: `${device} is refused`,
    detail: `${counted(count, 'message')} in 5 min: ${pointer} ${detail}`,
    since: Date.parse(firstAt),
    href: `${deviceHref(device)}?kinds=rejected`,
    count: grouped(count),
  }));
}

const deviceHref = (device: string): string => `/devices/${encodeURIComponent(device)}`;

function offlineConcerns({ activity, now }: Facts): Concern[] {
  return (activity?.disconnections ?? [])
    .filter(({ count }) => count >= TOGETHER)
    .filter(({ reason, lastAt }) => reason !== 'SERVER_LOST' || now - Date.parse(lastAt) > RETURN_MS)
    .map(({ reason, count, firstAt, devices }) => ({
      key: `offline ${reason}`,
      tone: 'warn' as const,
      title: `${counted(count, 'device')} went offline together`,
      detail: `${disconnectWords(reason)}: ${devices.join(', ')}${count > devices.length ? ' …' : ''}`,
      since: Date.parse(firstAt),
      href: '/devices?state=offline',
      count: grouped(count),
    }));
}

function certificateConcern(facts: Facts): Concern[] {
  const { count = 0, devices = [] } = facts.expiring ?? {};
  if (count === 0) return [];
  return [
    {
      key: 'certificates',
      tone: 'warn',
      title: `${counted(count, 'certificate')} within ${SOON_DAYS} days of the end`,
      detail: `of ${devices.join(', ')}${count > devices.length ? ' …' : ''}`,
      since: sinceOf(facts, 'certificates'),
      href: `/certificates?state=active&expiring=${SOON_DAYS}`,
      count: grouped(count),
    },
  ];
}

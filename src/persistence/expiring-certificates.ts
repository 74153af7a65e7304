import type { Meter } from '../actors/kernel/ports/surroundings.js';
import type { Database } from './database.js';

/** Spans that are told: time to act, and time to plan. */
const DAYS = [7, 30] as const;
const LOOK_EVERY_MS = 10 * 60_000;

/** Of all tenants. A deleted device has revoked certificates only. */
const COUNT = `select days, count(last.ends)::integer as devices
  from unnest($1::integer[]) as span (days)
  left join (
    select max(expires_at) as ends from device_credential
    where kind = 'certificate' and revoked_at is null group by tenant, device
  ) last on last.ends between now() and now() + make_interval(days => span.days)
  group by days`;

/** Shows how many devices will be without a certificate soon, so that it is told before they are refused. */
export function watchExpiringCertificates({ pool }: Database, meter: Meter): { look(): Promise<void>; stop(): void } {
  const gauge = meter.gauge(
    'fleetlog_certificates_expiring',
    'Devices whose last certificate ends within so many days, counted every ten minutes.',
    ['days'],
  );
  for (const days of DAYS) gauge.set(0, { days: String(days) });
  const look = async (): Promise<void> => {
    const { rows } = await pool.query<{ days: number; devices: number }>(COUNT, [DAYS]);
    for (const { days, devices } of rows) gauge.set(devices, { days: String(days) });
  };
  // A Postgres that is away is told by `/readyz`.
  const tick = (): void => void look().catch(() => undefined);
  tick();
  const timer = setInterval(tick, LOOK_EVERY_MS).unref();
  return { look, stop: () => clearInterval(timer) };
}

-- Telemetry to look at: what each metric last said, and rollups of a minute and an hour. A projection of the device streams,
-- rebuilt from position 0 when these rows and the checkpoints of `telemetry` are deleted. The points themselves stay in the
-- journal alone.
create table telemetry_series (
  tenant          text    not null collate "C",
  device          text    not null collate "C",
  metric          text    not null collate "C",
  -- A bigint, since each attempt to store a known series uses a number up.
  series          bigint  not null generated always as identity,
  -- The newest point. Its order is that of measured time, where a time ahead of the server's counts as the server's.
  latest_at       bigint  not null,
  -- Time that the device gave, and time of recording, ms since 1970.
  latest_measured bigint  not null,
  latest_recorded bigint  not null,
  latest_sequence bigint  not null,
  -- JSON, or null when that is longer than is kept here.
  latest_value    text,
  primary key (tenant, device, metric),
  unique (series)
) with (fillfactor = 80);

create table telemetry_rollup (
  -- Begin of the bucket, and the times of its first and last point: ms since 1970.
  at       bigint           not null,
  first_at bigint           not null,
  last_at  bigint           not null,
  min      double precision not null,
  max      double precision not null,
  sum      double precision not null,
  first    double precision not null,
  last     double precision not null,
  series   bigint           not null,
  count    integer          not null,
  -- Length of the bucket: 60 or 3600.
  seconds  smallint         not null,
  -- 0: points of this minute by the server's clock and by the device's alike; 1: by the server's alone; 2: by the device's
  -- alone. A chart adds 0 to the one or the other.
  axis     smallint         not null,
  primary key (series, seconds, axis, at)
) with (fillfactor = 80);

-- The journal: the only truth. Everything else in this database can be rebuilt from it, but for snapshots (a cache) and
-- checkpoints (where a reader goes on).

-- One row per shard, made by the first start. Appends take their positions from `head` inside the appending statement.
create table shard (
  shard    integer primary key,
  head     bigint  not null default 0 check (head <= leaf_end),
  -- Appends carry the epoch under which their author knew its stream; another one appends nothing.
  epoch    bigint  not null default 1,
  -- Mirror of the relay's checkpoint; the truth is in Kafka.
  relayed  bigint  not null default 0,
  -- Last position of the leaf that takes the events now.
  leaf_end bigint  not null default 0
) with (fillfactor = 50);

create table journal (
  shard          integer     not null,
  position       bigint      not null,
  stream         text        not null collate "C",
  sequence       bigint      not null,
  type           text        not null collate "C",
  schema_version smallint    not null,
  occurred_at    timestamptz not null,
  recorded_at    timestamptz not null,
  payload        bytea       not null,
  metadata       bytea       not null,
  primary key (shard, position)
) partition by list (shard);

create function journal_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'the journal is append-only: % on % is refused', tg_op, tg_table_name
    using errcode = 'integrity_constraint_violation', hint = 'Retention detaches a leaf and drops it.';
end $$;

-- Attaching a leaf gives it the row trigger; truncation has to be refused table by table.
create trigger append_only before update or delete on journal for each row execute function journal_is_append_only();
create trigger append_only_truncate before truncate on journal for each statement execute function journal_is_append_only();

-- Leaves follow each other without a gap; `first` and `last` are positions, both included. No foreign key: its check would
-- lock the shard row, which a rolling append holds while it waits for the lock of `journal_ensure_leaves`.
create table journal_leaf (
  shard integer not null,
  first bigint  not null,
  last  bigint  not null check (last >= first),
  primary key (shard, first)
);

-- The partition of one shard, itself partitioned into leaves.
create function journal_add_shard(new_shard integer) returns void language plpgsql as $$
declare
  branch text := format('journal_%s', new_shard);
begin
  insert into shard (shard) values (new_shard);
  execute format('create table %I partition of journal for values in (%s) partition by range (position)', branch, new_shard);
  execute format('create trigger append_only_truncate before truncate on %I for each statement execute function journal_is_append_only()', branch);
end $$;

-- Adds leaves of `leaf_events` positions each until one of them holds `upto`. Each is made alone with a matching CHECK and
-- then attached, because `create table … partition of` would lock the parent against readers and writers.
create function journal_ensure_leaves(of_shard integer, upto bigint, leaf_events bigint) returns void language plpgsql as $$
declare
  branch text := format('journal_%s', of_shard);
  leaf   text;
  next   bigint;
begin
  perform pg_advisory_xact_lock(hashtext('fleetlog journal leaf'), of_shard);
  loop
    select coalesce(max(last), 0) + 1 into next from journal_leaf where shard = of_shard;
    exit when next > upto;
    leaf := format('%s_%s', branch, next);
    execute format('create table %I (like journal including defaults, primary key (shard, position), unique (stream, sequence), '
      || 'constraint %I check (shard = %s and position >= %s and position < %s))',
      leaf, leaf || '_range', of_shard, next, next + leaf_events);
    execute format('create trigger append_only_truncate before truncate on %I for each statement execute function journal_is_append_only()', leaf);
    execute format('alter table %I attach partition %I for values from (%s) to (%s)', branch, leaf, next, next + leaf_events);
    insert into journal_leaf (shard, first, last) values (of_shard, next, next + leaf_events - 1);
  end loop;
end $$;

-- Newest state of a stream, so that recovery need not read all of its events. A cache: never the truth.
create table snapshot (
  stream         text        primary key collate "C",
  sequence       bigint      not null,
  schema_version integer     not null,
  state          bytea       not null,
  at             timestamptz not null default now()
) with (fillfactor = 50);

-- Last position that a subscription has finished.
create table subscription_checkpoint (
  subscription text    not null collate "C",
  shard        integer not null,
  position     bigint  not null,
  primary key (subscription, shard)
) with (fillfactor = 50);

-- QoS 2 message ids between PUBLISH and PUBREL, written by the statement that journals their events.
create table mqtt_incoming (
  tenant     text    not null collate "C",
  device     text    not null collate "C",
  message_id integer not null check (message_id between 1 and 65535),
  primary key (tenant, device, message_id)
);

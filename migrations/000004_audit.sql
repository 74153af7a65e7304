-- Which events are somebody's doing: an index of the journal, rebuilt from position 0 when its rows and checkpoints are deleted.
-- The events themselves stay where they are.
create table audit_entry (
  tenant      text        not null collate "C",
  stream      text        not null collate "C",
  sequence    bigint      not null,
  shard       integer     not null,
  position    bigint      not null,
  recorded_at timestamptz not null,
  type        text        not null collate "C",
  principal   text        not null collate "C",
  primary key (tenant, stream, sequence)
);

create index audit_entry_by_time on audit_entry (tenant, recorded_at desc, shard desc, position desc);

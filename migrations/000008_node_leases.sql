-- Who lives: each life of each node renews its row, and a connection whose life has none is in nobody's hand.
create table node_lease (
  -- Another one after each start.
  life       text        primary key,
  -- Name of the node (FLEETLOG_NODE_ID).
  node       text        not null collate "C",
  renewed_at timestamptz not null default now()
);

-- Who holds the last connection of a device; empty for one of before there were leases.
alter table device_index add column life text not null default '';

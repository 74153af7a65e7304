-- The device list: a projection of the device streams, rebuilt from position 0 when its rows and checkpoints are deleted.
create table device_index (
  tenant        text        not null collate "C",
  id            text        not null collate "C",
  -- False for a deleted device whose connection is still open: not listed, but its connection has to be closed.
  registered    boolean     not null,
  type          text        collate "C",
  name          text        collate "C",
  tags          text[]      not null,
  enabled       boolean     not null,
  gateway       boolean     not null,
  via           text[]      not null,
  connected     boolean     not null,
  session_epoch bigint      not null,
  registered_at timestamptz not null,
  revision      bigint      not null,
  -- Id, name and tags in lower case, one per line: lower() of a database in the C locale knows ASCII only.
  search_text   text        not null collate "C",
  primary key (tenant, id)
) with (fillfactor = 80);

create index device_index_by_name on device_index (tenant, (coalesce(name, '')), id);
create index device_index_by_registration on device_index (tenant, registered_at, id);
create index device_index_connected on device_index (tenant, id) where connected;

-- Valid tokens of devices: finds the device of a credential that does not name it.
create table device_token (
  tenant   text not null collate "C",
  device   text not null collate "C",
  token_id text not null collate "C",
  -- SHA-256 of the token, lower-case hex.
  sha256   text not null collate "C",
  primary key (tenant, device, token_id)
);

create index device_token_by_hash on device_token (sha256);

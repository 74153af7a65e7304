-- Connections of devices, and the credentials that they connect with: a projection of the device streams, rebuilt from
-- position 0 when the rows of both tables and the checkpoints of `connections` are deleted.
create table device_connection (
  tenant          text        not null collate "C",
  device          text        not null collate "C",
  session_epoch   bigint      not null,
  -- Sequences of the events that began and ended it: what lies between them happened during it.
  sequence        bigint      not null,
  ended_sequence  bigint,
  connected_at    timestamptz not null,
  disconnected_at timestamptz,
  reason          text        collate "C",
  address         text        not null collate "C",
  listener        text        not null collate "C",
  protocol_level  smallint    not null,
  client_id       text        not null collate "C",
  credential      text        not null collate "C",
  primary key (tenant, device, session_epoch)
) with (fillfactor = 80);

create table device_credential (
  tenant           text        not null collate "C",
  device           text        not null collate "C",
  -- Fingerprint of a certificate, or id of a token.
  credential       text        not null collate "C",
  kind             text        not null collate "C" check (kind in ('certificate', 'token')),
  -- Of certificates.
  serial           text        collate "C",
  key_type         text        collate "C",
  issued_at        timestamptz not null,
  issued_sequence  bigint      not null,
  expires_at       timestamptz,
  revoked_at       timestamptz,
  revoked_sequence bigint,
  revoke_reason    text,
  -- Times of the first and the last CONNECT with it.
  first_used_at    timestamptz,
  last_used_at     timestamptz,
  primary key (tenant, device, credential)
) with (fillfactor = 80);

create index device_credential_by_expiry on device_credential (tenant, expires_at, credential) where kind = 'certificate';

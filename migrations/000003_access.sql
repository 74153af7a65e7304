-- Verifiers of passwords (salted scrypt hashes), each under its own SHA-256. The tenant's events name the one that counts; the
-- verifier itself must not be journaled, because the journal is relayed and kept for ever.
create table password_verifier (
  tenant    text        not null collate "C",
  sha256    text        not null collate "C",
  user_name text        not null collate "C",
  verifier  text        not null,
  made_at   timestamptz not null default now(),
  primary key (tenant, sha256)
);

-- When a session or API token was used last. A convenience: losing it costs nothing but the knowledge of the last use.
create table credential_use (
  tenant     text        not null collate "C",
  credential text        not null collate "C",
  used_at    timestamptz not null,
  primary key (tenant, credential)
) with (fillfactor = 50);

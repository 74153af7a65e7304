-- Requests that came with an Idempotency-Key, for a day. The proof that an effect has happened is in the metadata of its
-- event; this table keeps the answers.
create table idempotency (
  tenant     text        not null collate "C",
  principal  text        not null collate "C",
  -- SHA-256 (hex) of method, path and key.
  request    text        not null collate "C",
  -- HMAC (hex) of the body under a key that only the caller's credential gives: bodies may hold passwords.
  body_tag   text        not null collate "C",
  -- Who has it in hand: a node, and which of its lives.
  node       text        not null,
  life       text        not null,
  started_at timestamptz not null default now(),
  -- The answer, sealed under the same key because it may hold a secret, or null while there is none.
  answer     bytea,
  primary key (tenant, principal, request)
);

create index idempotency_by_age on idempotency (tenant, started_at);

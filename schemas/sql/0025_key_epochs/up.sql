-- Months that have a key of their own, kept in a file outside the database: which file it was, and
-- whether it was destroyed. Leads' keys may be wrapped anew under another month's.
set local search_path = leadex;

create table key_epoch (
  kek_id integer primary key,             -- as in lead_key: 1,000,000 + year * 100 + month
  check_value bytea not null check (octet_length(check_value) = 16),  -- tells files apart, no more
  noted_at timestamptz not null default now(),
  destroyed_at timestamptz,
  check (kek_id between 1200001 and 1299912)
);

grant select, insert on key_epoch to leadex_app;
grant update (destroyed_at) on key_epoch to leadex_app;
grant update (kek_id, wrapped) on lead_key to leadex_app;

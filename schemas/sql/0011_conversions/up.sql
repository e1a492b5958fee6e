-- Sales per acquisition, the conversions they are paid for, estimates of what they are worth,
-- tokens of those who report conversions by postback.
set local search_path = leadex;

create table acquisition (                -- what a sale per acquisition was agreed on
  market_id bigint not null,
  lead_no bigint not null,
  slot integer not null,
  until_us bigint not null,               -- the last instant at which a conversion counts
  held bigint check (held >= 0),          -- kept for it by its campaign's pool; null: the budget holds its price
  value_bp integer not null check (value_bp between 0 and 10000),
  event text not null check (length(event) between 1 and 64),
  primary key (market_id, lead_no, slot)
);

create table conversion (
  market_id bigint not null,
  conversion_no bigint not null,
  lead_no bigint not null,
  slot integer not null,
  buyer bigint not null,
  campaign bigint not null,
  event text not null,
  transaction_id text not null check (length(transaction_id) between 1 and 128),
  at_us bigint not null,                  -- when it happened
  value bigint check (value > 0),
  price bigint check (price > 0),         -- once it is approved
  state smallint not null,                -- 0 pending 1 approved 2 rejected 4 approved, not covered
  confirmed boolean not null,             -- reported by its buyer
  due_us bigint not null,                 -- pending: when silence approves it
  told_us bigint not null,                -- when the exchange learnt of it
  moved_us bigint not null,
  batch_seq bigint not null,              -- in which it moved last
  primary key (market_id, conversion_no),
  check (state not in (1, 4) or price is not null)
);
create unique index conversion_transaction on conversion (market_id, buyer, transaction_id) where state <> 2;
create unique index conversion_of_sale on conversion (market_id, lead_no, slot) where state in (0, 1, 4);
create index conversion_by_buyer on conversion (buyer, told_us, market_id, conversion_no);
create index conversion_by_time on conversion (told_us, market_id, conversion_no);

create table estimate_version (
  market_id bigint not null,
  version bigint not null check (version > 0),
  made_us bigint not null,
  estimates bytea not null,
  primary key (market_id, version)
);

create table postback_token (
  tenant_no bigint not null,
  token_no bigint not null,               -- of the platform's numbers
  digest bytea not null check (octet_length(digest) = 32),  -- keyed hash; the token is shown once
  created_at timestamptz not null default now(),
  revoked_at timestamptz,
  primary key (token_no)
);
create unique index postback_token_by_digest on postback_token (digest);
create index postback_token_by_tenant on postback_token (tenant_no, token_no);

grant select, insert on acquisition, conversion, estimate_version, postback_token to leadex_app;
grant update (value, price, state, due_us, moved_us, batch_seq) on conversion to leadex_app;
grant update (revoked_at) on postback_token to leadex_app;
create trigger acquisition_append_only before update or delete or truncate on acquisition
  for each statement execute function append_only();
create trigger estimate_version_append_only before update or delete or truncate on estimate_version
  for each statement execute function append_only();

-- The exchange from the first migration on: platform, markets, trade, ledger, audit.
-- market_id is first in every key: market tables can be distributed by it without a change.
-- No foreign keys and no extra indexes on the hot tables (lead … idempotency): their invariants are
-- keys, checks and the single writer of each market; the ceiling is the database's CPU per row.
-- Instants are timestamptz, or bigint microseconds since 1970 (…_us) where the market's writer
-- passes them as binary arrays; money is bigint micros of the market's currency (…_micros).

create schema leadex;
set local search_path = leadex;

-- ---------------------------------------------------------------- platform

create table environment (
  one_row boolean primary key default true check (one_row),
  name text not null check (name in ('dev', 'production')),
  root_key_check bytea not null,          -- keyed digest: a server with another root key refuses to start
  created_at timestamptz not null default now()
);

create table number_range (               -- hi-lo numbers for uploads and platform rows
  market_id bigint not null,
  kind smallint not null,
  next_no bigint not null check (next_no > 0),
  primary key (market_id, kind)
);

create table tenant (                     -- an account of the API: generator, buyer or staff
  tenant_no bigint primary key,
  role text not null check (role in ('generator', 'buyer', 'admin', 'auditor', 'verifier')),
  name text not null check (length(name) between 1 and 200),
  country text check (country ~ '^[A-Z]{2}$'),
  status text not null default 'active' check (status in ('pending', 'active', 'suspended')),
  bank_sealed bytea,
  bank_changed_at timestamptz,
  bank_cool_until timestamptz,
  created_at timestamptz not null default now(),
  created_by bigint                       -- principal; null for the first admin
);

create table principal (                  -- a person or service that acts for a tenant
  principal_no bigint primary key,
  tenant_no bigint not null references tenant,
  name text not null,
  issued_by bigint,                       -- principal that issued the first key
  created_at timestamptz not null default now()
);

create table api_key (
  key_no bigint primary key,
  tenant_no bigint not null references tenant,
  principal_no bigint not null references principal,
  digest bytea not null unique check (length(digest) = 32),
  kind text not null check (kind in ('live', 'dev', 'test')),
  shown_first text not null,
  shown_last text not null,
  scopes text[] not null default '{}',
  issued_by bigint,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  pending_approval bigint                 -- not usable until that approval is given
);

create table approval (                   -- four eyes: what waits for a second person
  approval_no bigint primary key,
  kind text not null,
  subject_no bigint not null,
  payload_sealed bytea not null,
  requested_by bigint not null,
  requested_at timestamptz not null default now(),
  state text not null default 'waiting' check (state in ('waiting', 'approved', 'refused')),
  decided_by bigint check (decided_by is distinct from requested_by),
  decided_at timestamptz
);

create table platform_idempotency (
  tenant_no bigint not null,
  operation text not null,
  key bytea not null check (length(key) = 16),
  body_hash bytea not null,
  status smallint not null,
  answer_sealed bytea not null,
  created_at timestamptz not null default now(),
  primary key (tenant_no, operation, key)
);
create index platform_idempotency_age on platform_idempotency (created_at);

-- ---------------------------------------------------------------- markets

create table market (
  market_id bigint primary key check (market_id > 0 and market_id < 4294967296),
  name text not null unique check (name ~ '^[a-z0-9]+(-[a-z0-9]+)*\.[a-z]{2}\.[a-z]{3}$'),
  title text not null,
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  country text not null check (country ~ '^[A-Z]{2}$'),
  status text not null default 'open' check (status in ('open', 'halted')),
  version integer not null default 0,     -- in force: the last one its writer has applied
  created_at timestamptz not null default now()
);

create table market_version (             -- immutable settings; each lead keeps its version
  market_id bigint not null,
  version integer not null,
  definition text not null,               -- the JSON as accepted
  settings bytea not null,                -- the same as the market's writer reads it
  created_by bigint not null,
  created_at timestamptz not null default now(),
  primary key (market_id, version)
);

create table market_head (                -- market 0 is the platform stream
  market_id bigint primary key,
  epoch bigint not null,
  seq bigint not null,
  hash bytea not null check (length(hash) = 32),
  last_at_us bigint not null
);

create table market_lease (
  market_id bigint primary key,
  epoch bigint not null,
  owner text not null,
  beat_at timestamptz not null
);

create table commit_batch (
  market_id bigint not null,
  seq bigint not null,
  epoch bigint not null,
  at_us bigint not null,
  hash bytea not null check (length(hash) = 32),
  body bytea not null,
  primary key (market_id, seq)
);

-- ---------------------------------------------------------------- ledger

create table account (                    -- of the double-entry books; market_id is the stream
  market_id bigint not null,
  account_no bigint not null,
  code smallint not null,
  owner_no bigint not null,               -- tenant, 0 for the exchange
  sub_no bigint not null,                 -- campaign of a budget (0: desk), market of a clearing account
  debits_pending bigint not null check (debits_pending >= 0),
  debits_posted bigint not null check (debits_posted >= 0),
  credits_pending bigint not null check (credits_pending >= 0),
  credits_posted bigint not null check (credits_posted >= 0),
  floor_micros bigint,
  batch_seq bigint not null,
  primary key (market_id, account_no),
  unique (market_id, code, owner_no, sub_no),
  check (floor_micros is null or credits_posted - debits_posted - debits_pending >= floor_micros)
);

create table transfer (                   -- immutable
  market_id bigint not null,
  batch_seq bigint not null,
  n integer not null,
  debit bigint not null,
  credit bigint not null,
  amount bigint not null check (amount > 0),
  code smallint not null,
  phase smallint not null,                -- 0 posted 1 pending 2 post 3 void 4 expire
  lead_no bigint not null,                -- 0: no sale
  slot integer not null,
  pending_seq bigint,
  pending_n integer,
  primary key (market_id, batch_seq, n),
  check (debit <> credit),
  check ((phase in (2, 3, 4)) = (pending_seq is not null and pending_n is not null))
);
create unique index transfer_pending_once on transfer (market_id, pending_seq, pending_n)
  where pending_seq is not null;

create table fund_intent (                -- money on its way between two streams
  market_id bigint not null,
  intent_no bigint not null,
  direction smallint not null,            -- 0 fund 1 defund 2 remit 3 claw_back
  tenant_no bigint not null,
  sub_no bigint not null,                 -- campaign, 0 desk
  amount bigint not null check (amount > 0),
  platform_seq bigint,                    -- batch of each side once applied
  market_seq bigint,
  created_at timestamptz not null default now(),
  primary key (market_id, intent_no)
);
create index fund_intent_open on fund_intent (market_id, intent_no)
  where platform_seq is null or market_seq is null;

-- ---------------------------------------------------------------- campaigns

create table campaign (
  market_id bigint not null,
  campaign_no bigint not null,
  tenant_no bigint not null,
  version integer not null,
  status smallint not null,               -- 0 active 1 paused 2 exhausted
  created_at timestamptz not null default now(),
  primary key (market_id, campaign_no)
);
create index campaign_by_tenant on campaign (tenant_no, market_id, campaign_no);

create table campaign_version (           -- immutable
  market_id bigint not null,
  campaign_no bigint not null,
  version integer not null,
  definition text not null,
  terms bytea not null,                   -- as the engine takes them
  created_by bigint not null,
  created_at timestamptz not null default now(),
  primary key (market_id, campaign_no, version)
);

create table campaign_counter (          -- what a campaign's caps have counted, one row a campaign
  market_id bigint not null,
  campaign_no bigint not null,
  hour_start_us bigint not null,
  hour_n bigint not null check (hour_n >= 0),
  hour_n_max bigint check (hour_n <= hour_n_max),
  hour_micros bigint not null check (hour_micros >= 0),
  hour_micros_max bigint check (hour_micros <= hour_micros_max),
  day_start_us bigint not null,
  day_n bigint not null check (day_n >= 0),
  day_n_max bigint check (day_n <= day_n_max),
  day_micros bigint not null check (day_micros >= 0),
  day_micros_max bigint check (day_micros <= day_micros_max),
  week_start_us bigint not null,
  week_n bigint not null check (week_n >= 0),
  week_n_max bigint check (week_n <= week_n_max),
  week_micros bigint not null check (week_micros >= 0),
  week_micros_max bigint check (week_micros <= week_micros_max),
  month_start_us bigint not null,
  month_n bigint not null check (month_n >= 0),
  month_n_max bigint check (month_n <= month_n_max),
  month_micros bigint not null check (month_micros >= 0),
  month_micros_max bigint check (month_micros <= month_micros_max),
  primary key (market_id, campaign_no)
);

-- ---------------------------------------------------------------- leads

create table batch (
  market_id bigint not null,
  batch_no bigint not null,
  tenant_no bigint not null,
  status text not null check (status in ('receiving', 'checking', 'listing', 'listed', 'rejected', 'closed')),
  format text not null check (format in ('csv', 'ndjson')),
  market_version integer not null,
  ask_micros bigint,
  rows_read bigint not null default 0,
  bytes_read bigint not null default 0,
  accepted bigint not null default 0,
  duplicate bigint not null default 0,
  suppressed bigint not null default 0,
  rejected bigint not null default 0,
  commitment_no bigint not null,
  file_sha256 bytea,
  mode text not null default 'normal' check (mode in ('normal', 'tightened', 'reduced', 'skip', 'stopped')),
  sample_size integer,
  acceptance_number integer,
  verdict text not null default 'pending' check (verdict in ('pending', 'accepted', 'rejected')),
  needs_admin boolean not null default false,
  created_at timestamptz not null default now(),
  touched_at timestamptz not null default now(),
  closed_at timestamptz,
  decided_at timestamptz,
  primary key (market_id, batch_no),
  check (rows_read = accepted + duplicate + suppressed + rejected)
);
create index batch_by_tenant on batch (tenant_no, created_at desc);
create index batch_open on batch (market_id, batch_no) where status in ('receiving', 'checking', 'listing');

create table batch_lead_range (           -- which lead numbers an upload took
  market_id bigint not null,
  batch_no bigint not null,
  first_no bigint not null,
  last_no bigint not null,
  primary key (market_id, batch_no, first_no)
);

create table batch_reject (
  market_id bigint not null,
  batch_no bigint not null,
  row_no bigint not null,
  fault_no smallint not null,
  outcome smallint not null,              -- 1 rejected 2 suppressed 3 duplicate
  code text not null,
  pointer text not null,
  detail text not null,
  external_id text,
  primary key (market_id, batch_no, row_no, fault_no)
);

create table commitment (                 -- secrets are committed before any upload begins
  market_id bigint not null,
  commitment_no bigint not null,
  commitment bytea not null check (length(commitment) = 32),
  secret_sealed bytea not null,
  status text not null default 'open' check (status in ('open', 'used', 'voided')),
  batch_no bigint,
  primary key (market_id, commitment_no),
  check ((status = 'open') = (batch_no is null) or status = 'voided')
);
create index commitment_open on commitment (market_id, commitment_no) where status = 'open';

create table spot_check (
  market_id bigint not null,
  check_no bigint not null,
  batch_no bigint not null,
  position integer not null,              -- in draw order, from 0
  row_no bigint not null,
  lead_no bigint not null,
  status text not null default 'open' check (status in ('open', 'claimed', 'done')),
  attempts smallint not null default 0,
  verdict text check (verdict in ('good', 'bad', 'unreachable')),
  reason text,
  note_sealed bytea,
  claimed_by bigint,
  lease_until timestamptz,
  decided_by bigint,
  decided_at timestamptz,
  primary key (market_id, check_no),
  unique (market_id, batch_no, position)
);
create unique index spot_check_one_open on spot_check (claimed_by) where status = 'claimed';
create index spot_check_waiting on spot_check (market_id, check_no) where status <> 'done';

create table lead (
  market_id bigint not null,
  lead_no bigint not null,
  batch_no bigint not null,               -- 0: real-time
  row_no bigint not null,
  tenant_no bigint not null,              -- generator
  version integer not null,               -- of the market
  state smallint not null,                -- 0 checked 1 listed 2 sold 3 withdrawn 4 expired 5 unsold
  score integer,
  vehicle smallint not null,
  reason text not null,
  captured_us bigint not null,
  listed_us bigint not null,              -- 0: never
  ask_micros bigint not null,             -- -1: the market's
  consent_us bigint not null,
  consent_digest bytea not null,
  resale smallint not null default 0,     -- 0 open 1 named
  revoked_at timestamptz,
  attributes bytea not null,              -- typed values in the order of the market version
  external_id text not null,
  primary key (market_id, lead_no)
);

create table contact (
  market_id bigint not null,
  lead_no bigint not null,
  sealed bytea not null,                  -- contact JSON under the lead's data key
  consent_sealed bytea not null,          -- consent text, certificates, IP, user agent, page
  primary key (market_id, lead_no)
);

create table lead_key (
  market_id bigint not null,
  lead_no bigint not null,
  kek_id integer not null,
  wrapped bytea not null,
  primary key (market_id, lead_no)
);

create table person (                     -- who is known in a market, by blind index
  market_id bigint not null,
  digest bytea not null check (length(digest) = 16),
  lead_no bigint not null,
  seen_us bigint not null,
  provisional_upload bigint,              -- dies with that lot's rejection
  primary key (market_id, digest)
);

-- ---------------------------------------------------------------- trade

create table auction (                    -- immutable
  market_id bigint not null,
  auction_no bigint not null,
  batch_seq bigint not null,
  lead_no bigint not null,
  record bytea not null,
  primary key (market_id, auction_no)
);

create table sale (
  market_id bigint not null,
  lead_no bigint not null,
  slot integer not null check (slot >= 0 and slot < 1024),
  batch_seq bigint not null,
  n integer not null,                     -- of the pending net transfer; the commission's is n + 1
  buyer bigint not null,
  campaign bigint not null,               -- 0: desk
  generator bigint not null,
  gross bigint not null check (gross > 0),
  fee bigint not null check (fee >= 0 and fee <= gross),
  holdback bigint not null check (holdback >= 0 and holdback <= gross),
  credited bigint not null check (credited >= 0 and credited <= gross),
  state smallint not null,                -- 0 pending 1 delivered 2 settled 3 returned 4 voided
  exclusive boolean not null,
  shares_max smallint not null,           -- owner's limit on sharing this lead
  auction_no bigint not null,
  sold_us bigint not null,
  due_us bigint not null,                 -- deadline of delivery, end of the return window, or holdback release
  windows bytea not null,                 -- cap windows the hold was counted in
  primary key (market_id, lead_no, slot)
);
create index sale_by_time on sale (market_id, sold_us, lead_no, slot);

create table listing_bid (
  market_id bigint not null,
  bid_no bigint not null,
  lead_no bigint not null,
  tenant_no bigint not null,
  campaign bigint not null,
  price bigint not null check (price > 0),
  exclusive boolean not null,
  state smallint not null,                -- 0 standing 1 sold 2 withdrawn 3 lost
  at_us bigint not null,
  primary key (market_id, bid_no)
);

create table return_case (
  market_id bigint not null,
  return_no bigint not null,
  lead_no bigint not null,
  slot integer not null,
  buyer bigint not null,
  generator bigint not null,
  reason text not null,
  state smallint not null,                -- 0 open 1 accepted 2 disputed 3 denied
  ruling smallint not null,               -- 0 none 1 automatic 2 manual
  credited bigint not null check (credited >= 0),
  opened_us bigint not null,
  due_us bigint not null,
  decided_us bigint not null,
  buyer_note_sealed bytea,
  generator_note_sealed bytea,
  decision_note_sealed bytea,
  primary key (market_id, return_no),
  unique (market_id, lead_no, slot)
);

create table idempotency (
  market_id bigint not null,
  day integer not null,                   -- days since 1970 of the first use
  account_no bigint not null,
  key bytea not null check (length(key) = 16),
  body_hash bytea not null,
  code smallint not null,                 -- operation
  batch_seq bigint not null,
  n integer not null,
  primary key (market_id, day, account_no, key)
) partition by range (day);
create table idempotency_rest partition of idempotency default;

-- ---------------------------------------------------------------- money out

create table payout_run (
  run_no bigint primary key,
  currency text not null,
  status text not null check (status in ('draft', 'approved', 'exported', 'paid', 'failed')),
  drafted_by bigint not null,
  approved_by bigint check (approved_by is distinct from drafted_by),
  created_at timestamptz not null default now(),
  approved_at timestamptz,
  closed_at timestamptz
);

create table payout (
  payout_no bigint primary key,
  run_no bigint not null references payout_run,
  tenant_no bigint not null references tenant,
  amount bigint not null check (amount > 0),
  status text not null check (status in ('draft', 'approved', 'exported', 'paid', 'failed', 'reversed')),
  bank_sealed bytea,
  unique (run_no, tenant_no)
);

-- ---------------------------------------------------------------- delivery

create table webhook_endpoint (
  endpoint_no bigint primary key,
  tenant_no bigint not null references tenant,
  url text not null,
  events text[] not null,
  secret_sealed bytea not null,
  deliver_contact boolean not null default false,
  status text not null default 'active' check (status in ('active', 'disabled')),
  failing_since timestamptz,
  created_at timestamptz not null default now()
);
create index webhook_endpoint_by_tenant on webhook_endpoint (tenant_no);

create table webhook_delivery (           -- no bodies: they are rendered when sent
  delivery_no bigint primary key,
  endpoint_no bigint not null references webhook_endpoint,
  market_id bigint not null,
  batch_seq bigint not null,
  event_n integer not null,
  event_type text not null,
  status text not null default 'waiting' check (status in ('waiting', 'delivered', 'failed', 'stopped')),
  attempts smallint not null default 0,
  next_at timestamptz not null default now(),
  last_status smallint,
  last_error text,
  last_at timestamptz,
  created_at timestamptz not null default now(),
  unique (endpoint_no, market_id, batch_seq, event_n)
);
create index webhook_delivery_due on webhook_delivery (next_at) where status = 'waiting';

create table event (                      -- what happened, by id only; filled by the fan-out
  market_id bigint not null,
  batch_seq bigint not null,
  n integer not null,
  type text not null,
  tenant_no bigint not null,
  subject_kind smallint not null,
  subject_no bigint not null,
  at_us bigint not null,
  primary key (market_id, batch_seq, n, tenant_no)
);
create index event_by_tenant on event (tenant_no, at_us);

create table fanout_cursor (
  market_id bigint primary key,
  seq bigint not null
);

-- ---------------------------------------------------------------- audit

create table audit (                      -- immutable, chained per stream
  stream bigint not null,
  seq bigint not null,
  at_us bigint not null,
  principal_no bigint not null,           -- 0: the exchange itself
  tenant_no bigint not null,
  action text not null,
  object_kind text not null,
  object_market bigint not null,
  object_no bigint not null,
  payload text not null,                  -- canonical: ids, field names, keyed values
  hash bytea not null check (length(hash) = 32),
  primary key (stream, seq)
);

create table audit_head (
  stream bigint primary key,
  seq bigint not null,
  hash bytea not null check (length(hash) = 32)
);

-- ---------------------------------------------------------------- guards

create function append_only() returns trigger language plpgsql as $$
begin
  raise exception 'table % is append-only', tg_table_name using errcode = 'LX001';
end $$;

create trigger transfer_append_only before update or delete or truncate on transfer
  for each statement execute function append_only();
create trigger auction_append_only before update or delete or truncate on auction
  for each statement execute function append_only();
create trigger commit_batch_append_only before update or delete or truncate on commit_batch
  for each statement execute function append_only();
create trigger audit_append_only before update or delete or truncate on audit
  for each statement execute function append_only();
create trigger market_version_append_only before update or delete or truncate on market_version
  for each statement execute function append_only();
create trigger campaign_version_append_only before update or delete or truncate on campaign_version
  for each statement execute function append_only();

-- The app role has no DDL: it asks for the day's partition through the owner's function.
create function open_idempotency_day(wanted integer) returns void
  language plpgsql security definer set search_path = leadex, pg_temp as $$
declare
  part text := format('idempotency_%s', wanted);
begin
  if wanted < 0 or wanted > 100000 then
    raise exception 'day % out of range', wanted;
  end if;
  if to_regclass('leadex.' || part) is null then
    execute format('create table leadex.%I partition of leadex.idempotency for values from (%s) to (%s)',
                   part, wanted, wanted + 1);
    execute format('grant select, insert on leadex.%I to leadex_app', part);
  end if;
end $$;

create function drop_idempotency_days_before(oldest integer) returns integer
  language plpgsql security definer set search_path = leadex, pg_temp as $$
declare
  part record;
  dropped integer := 0;
begin
  for part in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
              where i.inhparent = 'leadex.idempotency'::regclass and c.relname ~ '^idempotency_[0-9]+$'
                and substr(c.relname, 13)::integer < oldest loop
    execute format('drop table leadex.%I', part.relname);
    dropped := dropped + 1;
  end loop;
  return dropped;
end $$;

-- ---------------------------------------------------------------- first rows and rights

insert into market_head (market_id, epoch, seq, hash, last_at_us)
  values (0, 1, 0, decode(repeat('00', 32), 'hex'), 0);
insert into audit_head (stream, seq, hash) values (0, 0, decode(repeat('00', 32), 'hex'));

revoke all on all functions in schema leadex from public;
grant usage on schema leadex to leadex_app;
grant select, insert on all tables in schema leadex to leadex_app;
grant update on number_range, tenant, api_key, approval, market, market_head, market_lease, account,
  fund_intent, campaign, campaign_counter, batch, commitment, spot_check, lead, contact, person, sale,
  listing_bid, return_case, payout_run, payout, webhook_endpoint, webhook_delivery, fanout_cursor,
  audit_head to leadex_app;
grant delete on lead_key, person, contact, platform_idempotency, market_lease to leadex_app;
grant execute on function open_idempotency_day(integer), drop_idempotency_days_before(integer) to leadex_app;

-- Posted leads are sampled by a secret per UTC day, committed before the day begins. A chosen lead's row_no is
-- the day (since 1970; its batch_no is 0), written with the lead itself; its check is a row of spot_check whose
-- batch_no is minus the day.
set local search_path = leadex;

create table realtime_day (               -- never changed: what a day is sampled by stands before it begins
  market_id bigint not null,
  day integer not null check (day > 0),   -- since 1970
  commitment bytea not null check (length(commitment) = 32),
  secret_sealed bytea not null,
  rate_bp integer not null check (rate_bp between 1 and 10000),
  second_bp integer not null check (second_bp between 0 and 10000),  -- judged by two verifiers
  hold boolean not null,                  -- posted leads are held; else they are checked after their sale
  published_at timestamptz not null,
  primary key (market_id, day),
  check (published_at < timestamptz 'epoch' + day * interval '1 day')
);

create table realtime_check (             -- a chosen lead's check
  market_id bigint not null,
  lead_no bigint not null,
  day integer not null check (day > 0),
  tenant_no bigint not null,              -- generator
  check_no bigint not null,
  opened_at timestamptz not null,
  applied_at timestamptz,                 -- its verdict was acted on
  credit_at timestamptz,                  -- of a bad lead: its buyers' money is looked after then; null: they have it
  primary key (market_id, lead_no),
  unique (market_id, check_no)
);
create index realtime_check_of_day on realtime_check (market_id, day, check_no);
create index realtime_check_to_apply on realtime_check (market_id, check_no) where applied_at is null;
create index realtime_check_owing on realtime_check (market_id, credit_at) where credit_at is not null;

create table realtime_source (            -- checks of a source's posted leads since it was last restricted for them
  market_id bigint not null,
  tenant_no bigint not null,              -- generator
  checked bigint not null check (checked >= 0),            -- with a verdict good or bad
  bad bigint not null check (bad between 0 and checked),
  restricted_at timestamptz,
  primary key (market_id, tenant_no)
);

-- Costs a chosen lead alone: no other has a row number without a batch.
create index lead_chosen on lead (market_id, row_no, lead_no) where batch_no = 0 and row_no > 0;

-- Held leads alone: any other posted lead has met its market when it is written.
create index lead_held on lead (market_id, lead_no) where batch_no = 0 and state = 0;

grant select, insert on realtime_day, realtime_check, realtime_source to leadex_app;
grant update (applied_at, credit_at) on realtime_check to leadex_app;
grant update (checked, bad, restricted_at) on realtime_source to leadex_app;
create trigger realtime_day_append_only before update or delete or truncate on realtime_day
  for each statement execute function append_only();
create trigger realtime_check_stays before delete or truncate on realtime_check
  for each statement execute function append_only();
create trigger realtime_source_stays before delete or truncate on realtime_source
  for each statement execute function append_only();

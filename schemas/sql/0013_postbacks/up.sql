-- Visits that are paid for by what comes of them, conversions of clicks, postbacks to generators.
set local search_path = leadex;

alter table acquisition add column visit boolean not null default false;  -- a click's: nothing is delivered or returned

-- Visits of campaigns that buy leads as well are served and take turns by themselves.
alter table campaign_counter
  add column day_visits bigint not null default 0 check (day_visits between 0 and day_n),
  add column visit_turn bigint not null default 0;

-- State 5: of a click that was paid for as such; it costs nothing, and each event of a click is noted once.
alter table conversion add constraint conversion_noted_is_free
  check (state <> 5 or (price is null and due_us = 0 and slot = 0));
-- What the buyer did not confirm is anybody's word: it uses no transaction up.
drop index conversion_transaction;
create unique index conversion_transaction on conversion (market_id, buyer, transaction_id)
  where state <> 2 and (state <> 5 or confirmed);
create index conversion_not_noted on conversion (market_id, conversion_no) where state <> 5;
create unique index conversion_noted on conversion (market_id, lead_no, event) where state = 5;

create table postback (                   -- what a generator is told of a click's conversion; rendered when sent
  market_id bigint not null,
  conversion_no bigint not null,
  tenant_no bigint not null,              -- the generator
  placement_no bigint not null,
  outcome smallint not null check (outcome in (1, 2, 5)),  -- the conversion's state that is told
  status text not null default 'waiting' check (status in ('waiting', 'delivered', 'failed', 'stopped')),
  attempts smallint not null default 0,
  next_at timestamptz not null,
  last_status smallint,
  last_error text,
  last_at timestamptz,
  created_at timestamptz not null,
  primary key (market_id, conversion_no)
);
create index postback_waiting on postback (tenant_no, next_at) where status = 'waiting';
create index postback_by_age on postback (created_at) where status = 'waiting';
create index postback_by_placement on postback (market_id, placement_no, conversion_no);

grant select, insert on postback to leadex_app;
grant update (status, attempts, next_at, last_status, last_error, last_at) on postback to leadex_app;

-- Routes of a lead: turns, trials and caps per source of campaigns, deals, terms of sources, whom a
-- lead is kept from.
set local search_path = leadex;

alter table lead
  add column reserve_micros bigint not null default 0,  -- as it stood when the lead was offered
  add column named_for bytea;                           -- buyers that a named consent means; null: open

-- Consents for named companies stood open until now: whose they are is not known, so nobody's.
update lead set named_for = '\x00' where resale = 1;

alter table campaign_counter
  add column turn bigint not null default 0,            -- number of the last auction won in turn
  add column trial_n bigint not null default 0 check (trial_n >= 0),
  add column trial_n_max bigint check (trial_n <= trial_n_max);

alter table sale
  add column trial boolean not null default false,
  add column of_source boolean not null default false;  -- counted against caps per source

create table campaign_source_counter (    -- what caps per source have counted of one generator
  market_id bigint not null,
  campaign_no bigint not null,
  generator bigint not null,
  hour_start_us bigint not null,
  hour_n bigint not null check (hour_n >= 0),
  hour_n_max bigint check (hour_n <= hour_n_max),
  day_start_us bigint not null,
  day_n bigint not null check (day_n >= 0),
  day_n_max bigint check (day_n <= day_n_max),
  week_start_us bigint not null,
  week_n bigint not null check (week_n >= 0),
  week_n_max bigint check (week_n <= week_n_max),
  month_start_us bigint not null,
  month_n bigint not null check (month_n >= 0),
  month_n_max bigint check (month_n <= month_n_max),
  primary key (market_id, campaign_no, generator)
);

create table deal (                       -- an agreed price between a buyer and a generator
  market_id bigint not null,
  deal_no bigint not null,
  buyer bigint not null,
  generator bigint not null,
  price_micros bigint not null check (price_micros > 0),
  exclusive boolean not null,
  proposed_by bigint not null check (proposed_by in (buyer, generator)),
  state smallint not null,                -- 0 proposed 1 active 2 ended
  proposed_us bigint not null,
  changed_us bigint not null,
  primary key (market_id, deal_no)
);
create unique index deal_in_force on deal (market_id, generator, buyer) where state = 1;
create unique index deal_proposed on deal (market_id, generator, buyer) where state = 0;
create index deal_by_buyer on deal (buyer, market_id, deal_no);
create index deal_by_generator on deal (generator, market_id, deal_no);

create table source_terms (               -- what holds for one generator's leads in a market
  market_id bigint not null,
  generator bigint not null,
  reserve_micros bigint check (reserve_micros >= 0),
  grade smallint not null check (grade between 0 and 6),  -- 1: A
  primary key (market_id, generator)
);

create table lead_withheld (              -- buyers whose own list has the person
  market_id bigint not null,
  lead_no bigint not null,
  buyer bigint not null,
  primary key (market_id, lead_no, buyer)
);

-- Keys of traders that held every scope of their role go on holding every one.
update api_key k set scopes = k.scopes || '{deals:write}'::text[] from tenant t
  where t.tenant_no = k.tenant_no and k.revoked_at is null and (
    (t.role = 'generator' and k.scopes @> '{markets:read,leads:write,leads:read,ledger:read,webhooks:write,keys:write}') or
    (t.role = 'buyer' and k.scopes @> '{markets:read,bids:write,orders:read,ledger:read,webhooks:write,keys:write}'));

grant select, insert on campaign_source_counter, deal, source_terms, lead_withheld to leadex_app;
grant update on campaign_source_counter, source_terms to leadex_app;
grant update (state, changed_us) on deal to leadex_app;

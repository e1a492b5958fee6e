-- Placements, the clicks that were paid for, and what became of all visits.
set local search_path = leadex;

create table placement (                  -- a link of a generator's, shown to visitors
  market_id bigint not null,
  placement_no bigint not null,
  tenant_no bigint not null,
  name text not null,
  version integer not null,               -- of the market's settings; names the attributes
  attributes bytea not null,              -- codec bytes of std::vector<market::AttributeText>
  definition text not null,               -- the attributes as JSON, as accepted
  fallback_url text not null,
  postback_url text,
  paused boolean not null default false,
  created_at timestamptz not null,
  primary key (market_id, placement_no)
);
create index placement_by_tenant on placement (tenant_no, created_at);

create table click (                      -- a visit that was paid for; its sale has the same number
  market_id bigint not null,
  click_no bigint not null,
  placement_no bigint not null,
  generator bigint not null,
  campaign bigint not null,
  visitor bytea not null check (octet_length(visitor) = 16),  -- keyed hash of address and agent
  subs bytea not null,                    -- codec bytes of std::vector<std::string>, sub1 first
  clicked_us bigint not null,
  primary key (market_id, click_no)
);
create index click_by_visitor on click (market_id, visitor, clicked_us);

create table click_count (                -- by UTC day since 1970
  market_id bigint not null,
  placement_no bigint not null,
  day integer not null,
  outcome smallint not null check (outcome >= 0),  -- 0 charged, else why not
  n bigint not null check (n >= 0),
  gross bigint not null check (gross >= 0),
  net bigint not null check (net >= 0),
  primary key (market_id, placement_no, day, outcome),
  check (outcome = 0 or (gross = 0 and net = 0))
);

grant select, insert on placement, click, click_count to leadex_app;
grant update (paused) on placement to leadex_app;
grant update on click_count to leadex_app;
create trigger click_append_only before update or delete or truncate on click
  for each statement execute function append_only();

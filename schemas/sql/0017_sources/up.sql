-- How leads came: taxonomies of sources, and what was told of a lead's source beside its vehicle and
-- reason.
set local search_path = leadex;

create table taxonomy_version (           -- immutable; each lead keeps the one it was classified under
  market_id bigint not null,              -- 0: of all markets that have none of their own
  version integer not null check (version > 0),
  terms bytea not null,                   -- codec bytes of quality::Taxonomy
  created_by bigint not null,             -- principal
  created_at timestamptz not null,
  primary key (market_id, version)
);

create table lead_source (                -- no row: nothing was told, and no taxonomy was in force
  market_id bigint not null,
  lead_no bigint not null,
  said smallint not null check (said between 0 and 3),  -- 1 vehicle 2 reason; else the lead has the class's
  class_vehicle smallint not null check (class_vehicle between -1 and 9),  -- -1: no rule spoke of it
  class_reason text not null,             -- '': no rule spoke of it
  taxonomy_own boolean not null,          -- of its market, not of the exchange
  taxonomy_version integer not null check (taxonomy_version >= 0),  -- 0: none was in force
  utm_source text not null,
  utm_medium text not null,
  utm_campaign text not null,
  sub1 text not null,
  sub2 text not null,
  sub3 text not null,
  sub4 text not null,
  sub5 text not null,
  hops smallint not null check (hops between -1 and 99),  -- parties it passed, as told; -1: not told
  touchpoints bytea not null,             -- codec bytes of std::vector<storage::Touch>
  primary key (market_id, lead_no)
);

grant select, insert on taxonomy_version, lead_source to leadex_app;
create trigger taxonomy_version_append_only before update or delete or truncate on taxonomy_version
  for each statement execute function append_only();
create trigger lead_source_append_only before update or truncate on lead_source
  for each statement execute function append_only();

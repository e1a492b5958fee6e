-- What a sale is paid for.
set local search_path = leadex;

alter table sale add column model smallint not null default 0 check (model in (0, 1, 2));  -- cpl cpa cpc

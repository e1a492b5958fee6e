-- Plans that stop as verdicts come, how strictly each source's lots are checked, second opinions, and
-- people who are tried again another day.
set local search_path = leadex;

create table lot_plan (                   -- by which a lot is judged; lots from before have the fixed plan in batch
  market_id bigint not null,
  batch_no bigint not null,
  method smallint not null check (method in (0, 1)),       -- quality::PlanMethod
  mode smallint not null check (mode between 0 and 3),     -- quality::InspectionMode
  strict boolean not null,                -- checked as tightened for its file's sake
  skipped boolean not null,               -- accepted unseen
  accept_from bigint[] not null,          -- [d]: with d bad rows accepted from so many checks on
  reject_until bigint[] not null,         -- [d]: with d bad rows rejected up to so many
  planned_at timestamptz not null,
  primary key (market_id, batch_no),
  check (cardinality(reject_until) = cardinality(accept_from) + 1),
  check (not skipped or (mode = 3 and not strict))
);

create table inspection (                 -- where a source stands in a market; without a row: normal, nothing counted
  market_id bigint not null,
  tenant_no bigint not null,              -- generator
  mode smallint not null check (mode between 0 and 4),
  accepted_in_row integer not null check (accepted_in_row >= 0),
  rejected integer not null check (rejected >= 0),
  recent smallint not null check (recent between 0 and 31),
  checked bigint not null check (checked >= 0),            -- rows of the run
  bad bigint not null check (bad between 0 and checked),
  lots_accepted bigint not null check (lots_accepted >= 0),  -- by verdicts, of all time
  lots_rejected bigint not null check (lots_rejected >= 0),
  lots_skipped bigint not null check (lots_skipped >= 0),
  all_checked bigint not null check (all_checked >= 0),
  all_bad bigint not null check (all_bad between 0 and all_checked),
  since timestamptz not null,             -- when the mode began
  primary key (market_id, tenant_no)
);

create table check_opinion (              -- of checks that are judged apart by several verifiers
  market_id bigint not null,
  check_no bigint not null,
  opinion_no smallint not null check (opinion_no between 1 and 3),
  verdict text not null check (verdict in ('good', 'bad', 'unreachable')),
  reason text not null,                   -- notes may name people, so none is kept where nothing is ever cleared
  decided_by bigint not null,
  decided_at timestamptz not null,
  primary key (market_id, check_no, opinion_no),
  unique (market_id, check_no, decided_by)
);

alter table spot_check
  add column opinions smallint not null default 1 check (opinions between 1 and 3),  -- wanted by now
  add column attempt_day integer,         -- since 1970, of the last attempt that reached nobody
  add column attempts_that_day smallint not null default 0 check (attempts_that_day between 0 and 2),
  add column rest_until timestamptz;      -- tried enough for today

-- Files of lots that were rejected, or taken back under check: they are checked more strictly when they come again.
create index batch_refused_file on batch (market_id, file_sha256)
  where file_sha256 is not null and (verdict = 'rejected' or mode = 'stopped');

create index check_opinion_first on check_opinion (market_id, decided_at) where opinion_no = 1;

grant select, insert on lot_plan, check_opinion, inspection to leadex_app;
grant update (mode, accepted_in_row, rejected, recent, checked, bad, lots_accepted, lots_rejected, lots_skipped,
  all_checked, all_bad, since) on inspection to leadex_app;
create trigger lot_plan_append_only before update or delete or truncate on lot_plan
  for each statement execute function append_only();
create trigger check_opinion_append_only before update or delete or truncate on check_opinion
  for each statement execute function append_only();
create trigger inspection_stays before delete or truncate on inspection
  for each statement execute function append_only();

-- What a lead's score was made of, what buyers tell of the leads they bought, and what the
-- conversion of leads is estimated from.
set local search_path = leadex;

alter table lead add column score_facts bytea;  -- codec bytes of quality::ScoreFacts; null: no score

create table disposition (                -- a buyer's word on what became of a sale; no money moves by it
  market_id bigint not null,
  lead_no bigint not null,
  slot integer not null,
  n smallint not null check (n between 0 and 31),
  buyer bigint not null,
  generator bigint not null,
  stage smallint not null check (stage between 1 and 5),  -- quality::DispositionStage
  reason text not null check (reason ~ '^([a-z][a-z_]{0,63})?$'),  -- no digits: no number of a person
  loss_group smallint check (loss_group between 1 and 3),  -- quality::LossGroup
  at_us bigint not null,
  told_us bigint not null,
  bant_sealed bytea,                      -- what the person answered, under the lead's data key
  primary key (market_id, lead_no, slot, n),
  check ((stage = 5) = (loss_group is not null) and (stage = 5) = (reason <> '')),
  check (stage = 3 or bant_sealed is null)
);
-- A sale ends once.
create unique index disposition_end on disposition (market_id, lead_no, slot) where stage in (4, 5);
create index disposition_ended on disposition (market_id, told_us, lead_no) where stage in (4, 5);
create index disposition_lost on disposition (generator, at_us) where stage = 5;
create index disposition_lost_at on disposition (at_us) where stage = 5;

create table lead_outcome (               -- whether a lead was won, as it was first known
  market_id bigint not null,
  lead_no bigint not null,
  outcome_no bigint not null check (outcome_no > 0),  -- in the order in which they were read
  known_us bigint not null,
  won boolean not null,
  version integer,                        -- of the estimate that was in force, fitted without this lead
  foretold_ppm integer check (foretold_ppm between 0 and 1000000),
  primary key (market_id, lead_no),
  unique (market_id, outcome_no),
  check ((version is null) = (foretold_ppm is null))
);
create index lead_outcome_judged on lead_outcome (market_id, version) where version is not null;

create table lead_estimate (              -- a version of what share of leads like one is won
  market_id bigint not null,
  version integer not null check (version > 0),
  made_us bigint not null,
  outcome_no bigint not null,             -- the last outcome it was fitted on
  model bytea not null,                   -- codec bytes of quality::ConversionModel
  primary key (market_id, version)
);

grant select, insert on disposition, lead_outcome, lead_estimate to leadex_app;
create trigger disposition_append_only before update or delete or truncate on disposition
  for each statement execute function append_only();
create trigger lead_outcome_append_only before update or delete or truncate on lead_outcome
  for each statement execute function append_only();
create trigger lead_estimate_append_only before update or delete or truncate on lead_estimate
  for each statement execute function append_only();

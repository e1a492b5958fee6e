-- Cases about buyers that statistics opened, for staff to decide, and what was verified of sales in
-- the holdout without their buyers.
set local search_path = leadex;

create table finding (
  market_id bigint not null,
  finding_no bigint not null,             -- of the platform's numbers
  kind smallint not null check (kind between 1 and 4),  -- quality::FindingKind
  buyer bigint not null,
  generator bigint not null,              -- 0: of all its generators
  lead_no bigint not null,                -- 0: of many leads
  lead_later_no bigint not null,
  counted bigint not null check (counted > 0),
  seen bigint not null check (seen between 0 and counted),
  rate_ppm bigint not null,
  rate_low_ppm bigint not null,
  rate_high_ppm bigint not null,
  confidence_ppm bigint not null,
  reference_ppm bigint not null,
  evidence_milli bigint not null,
  false_alarms_ppm bigint not null,
  told_by_systems boolean not null,       -- of kind 4: by a postback of the buyer's, not by itself
  from_day integer not null,              -- days of sale that were counted, since 1970
  until_day integer not null check (until_day >= from_day),  -- the first that was not
  found_at timestamptz not null,
  state smallint not null default 0,      -- 0 open 1 upheld 2 dismissed
  decided_by bigint,                      -- principal
  decided_at timestamptz,
  note_sealed bytea,
  primary key (market_id, finding_no),
  check (rate_ppm between 0 and 1000000 and rate_low_ppm <= rate_ppm and rate_ppm <= rate_high_ppm),
  check (state between 0 and 2),
  check ((state = 0) = (decided_by is null) and (state = 0) = (decided_at is null)),
  check (state <> 0 or note_sealed is null),
  check ((kind = 4) = (lead_no > 0))
);
create unique index finding_by_number on finding (finding_no);
create unique index finding_open on finding (market_id, buyer, kind, generator, lead_no) where state = 0;
-- What a lead came to does not change: one case, whatever was decided.
create unique index finding_of_lead on finding (market_id, buyer, lead_no) where lead_no > 0;

create table judged_period (              -- of 90 days of sale: its returns were tested, once for all
  market_id bigint not null,
  from_day integer not null,              -- since 1970
  judged_at timestamptz not null,
  primary key (market_id, from_day)
);

create table holdout_outcome (            -- whether something came of a sale, learnt without its buyer
  market_id bigint not null,
  lead_no bigint not null,
  slot integer not null,
  converted boolean not null,
  verified_at timestamptz not null,
  recorded_by bigint not null,            -- principal
  recorded_at timestamptz not null,
  primary key (market_id, lead_no, slot),
  check (verified_at <= recorded_at)
);

-- A conversion that its lead's return ended is looked up by sale.
create index conversion_rejected on conversion (market_id, lead_no, slot) where state = 2;

grant select, insert on finding, judged_period, holdout_outcome to leadex_app;
grant update (state, decided_by, decided_at, note_sealed) on finding to leadex_app;
create trigger finding_stays before delete or truncate on finding
  for each statement execute function append_only();
create trigger judged_period_append_only before update or delete or truncate on judged_period
  for each statement execute function append_only();
create trigger holdout_outcome_append_only before update or delete or truncate on holdout_outcome
  for each statement execute function append_only();

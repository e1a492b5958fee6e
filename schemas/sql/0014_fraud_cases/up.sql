-- What a lot shows of its source, counted while it was uploaded, and the cases about sources that
-- it opened, for staff to decide.
set local search_path = leadex;

create table lot_picture (
  market_id bigint not null,
  batch_no bigint not null,
  tenant_no bigint not null,              -- the generator
  closed_at timestamptz not null,
  leads bigint[] not null check (cardinality(leads) = 7),    -- quality::LotSignal, from 1
  events bigint[] not null check (cardinality(events) = 7),
  prints bytea not null check (length(prints) <= 32768 and length(prints) % 8 = 0),  -- RowSketch
  prints_whole boolean not null,          -- of all rows of the lot
  judged_at timestamptz,
  primary key (market_id, batch_no)
);
create index lot_picture_waiting on lot_picture (market_id, batch_no) where judged_at is null;

create table fraud_case (
  market_id bigint not null,
  case_no bigint not null,                -- of the platform's numbers
  kind smallint not null check (kind between 1 and 7),  -- quality::LotSignal
  generator bigint not null,
  batch_no bigint not null,
  other_batch_no bigint not null,         -- kind 7: the lot that has the same rows; else 0
  leads bigint not null check (leads > 0),
  events bigint not null check (events between 0 and leads),
  rate_ppm bigint not null,
  rate_low_ppm bigint not null,
  rate_high_ppm bigint not null,
  confidence_ppm bigint not null,
  reference_ppm bigint not null,
  evidence_milli bigint not null,
  false_alarms_ppm bigint not null,
  found_at timestamptz not null,
  state smallint not null default 0 check (state between 0 and 2),  -- 0 open 1 upheld 2 dismissed
  withdrawn boolean not null default false,  -- the lot's unsold leads were taken back with it
  sampling smallint not null default 0 check (sampling in (0, 1, 4)),  -- quality::InspectionMode set with it
  decided_by bigint,                      -- principal
  decided_at timestamptz,
  note_sealed bytea,
  primary key (market_id, case_no),
  check (rate_ppm between 0 and 1000000 and rate_low_ppm <= rate_ppm and rate_ppm <= rate_high_ppm),
  check ((state = 0) = (decided_by is null) and (state = 0) = (decided_at is null)),
  check (state <> 0 or note_sealed is null),
  check (state = 1 or not (withdrawn or sampling > 0)),
  check ((kind = 7) = (other_batch_no > 0))
);
create unique index fraud_case_by_number on fraud_case (case_no);
create unique index fraud_case_of_lot on fraud_case (market_id, batch_no, kind);

grant select, insert, delete on lot_picture to leadex_app;
grant update (leads, events, judged_at) on lot_picture to leadex_app;
grant select, insert on fraud_case to leadex_app;
grant update (state, withdrawn, sampling, decided_by, decided_at, note_sealed) on fraud_case to leadex_app;
create trigger fraud_case_stays before delete or truncate on fraud_case
  for each statement execute function append_only();

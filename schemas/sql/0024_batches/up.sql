-- Column mappings, refused rows as they came, corrections, uploads that go on where they were cut.
set local search_path = leadex;

create table column_mapping (             -- a generator's own column names, remembered per market
  market_id bigint not null,
  tenant_no bigint not null,
  name text not null check (length(name) between 1 and 64),
  definition text not null,               -- JSON as the API shows it; holds no personal data
  updated_at timestamptz not null,
  primary key (market_id, tenant_no, name)
);
grant select, insert, update, delete on column_mapping to leadex_app;

alter table batch_reject add column own_column text;  -- as the uploader calls it
create index batch_reject_by_external_id on batch_reject (market_id, batch_no, external_id, row_no)
  where external_id is not null;

alter table batch add column corrects_no bigint;      -- the batch whose refused rows this one brings again
create index batch_corrections on batch (market_id, corrects_no) where corrects_no is not null;

create table batch_own_key (              -- destroyed after some days, and with it the rows below
  market_id bigint not null,
  batch_no bigint not null,
  key_sealed bytea,                       -- null: destroyed, and the rows wait to be deleted
  header_sealed bytea,
  created_at timestamptz not null,
  primary key (market_id, batch_no)
);
create index batch_own_key_by_age on batch_own_key (created_at);
create index batch_own_key_destroyed on batch_own_key (market_id, batch_no) where key_sealed is null;
create table batch_own_row (              -- a refused row as it came
  market_id bigint not null,
  batch_no bigint not null,
  row_no bigint not null,
  sealed bytea not null,
  primary key (market_id, batch_no, row_no)
);
create table batch_own_person (           -- whom it names, so that it goes when they ask
  market_id bigint not null,
  batch_no bigint not null,
  row_no bigint not null,
  digest bytea not null check (length(digest) = 16),
  primary key (market_id, batch_no, row_no, digest),
  foreign key (market_id, batch_no, row_no) references batch_own_row on delete cascade
);
create index batch_own_person_by_digest on batch_own_person (digest);
insert into suppression_list (tenant_no) values (0) on conflict do nothing;  -- the row that is locked
grant select, insert on batch_own_person to leadex_app;
grant update (external_id) on batch_reject to leadex_app;
grant select, insert, delete on batch_own_key, batch_own_row to leadex_app;
grant update (key_sealed, header_sealed) on batch_own_key to leadex_app;

create table batch_correction (           -- a refused row and the one row that brings it again
  market_id bigint not null,
  batch_no bigint not null,
  row_no bigint not null,
  by_batch_no bigint not null,
  by_row_no bigint not null,
  primary key (market_id, batch_no, row_no)
);
create index batch_correction_by_row on batch_correction (market_id, by_batch_no, by_row_no);
grant select, insert, delete on batch_correction to leadex_app;

create table batch_piece (                -- where an upload that comes in pieces goes on
  market_id bigint not null,
  batch_no bigint not null,
  rows_done bigint not null default 0 check (rows_done >= 0),
  bytes_done bigint not null default 0 check (bytes_done >= 0),  -- of the decoded body, behind the last row stored
  piece_no bigint not null default 0 check (piece_no >= 0),  -- the latest that began: no earlier one adds rows
  state_sealed bytea,                     -- header and hash so far; null: nothing is stored yet
  mapping text,                           -- JSON, as it was when the upload began
  unsettled boolean not null default false,  -- a piece is on its way, or its process ended: persons may be claimed for nothing
  primary key (market_id, batch_no)
);
create index batch_piece_unsettled on batch_piece (market_id, batch_no) where unsettled;
grant select, insert, update on batch_piece to leadex_app;

create table batch_sign (                 -- what each chunk of it shows of its source, until it ends
  market_id bigint not null,
  batch_no bigint not null,
  last_row bigint not null,
  sealed bytea not null,
  primary key (market_id, batch_no, last_row)
);
grant select, insert, delete on batch_sign to leadex_app;

create index batch_receiving_of_tenant on batch (tenant_no) where status = 'receiving';

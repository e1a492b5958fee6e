-- Signs of fraud in leads that are posted one by one, contacts that the exchange planted, and the
-- cases about sources that both open.
set local search_path = leadex;

create table planted_contact (
  planted_no bigint primary key,          -- of the platform's numbers
  email_digest bytea check (length(email_digest) = 16),  -- as table person has them
  phone_digest bytea check (length(phone_digest) = 16),
  market_id bigint not null,              -- it was planted at; 0: at none
  given_to bigint not null,               -- account; 0: to none
  note_sealed bytea not null,
  planted_by bigint not null,             -- principal
  planted_at timestamptz not null,
  retired_by bigint,
  retired_at timestamptz,
  check (email_digest is not null or phone_digest is not null),
  check ((retired_by is null) = (retired_at is null))
);
create unique index planted_contact_email on planted_contact (email_digest)
  where retired_at is null and email_digest is not null;
create unique index planted_contact_phone on planted_contact (phone_digest)
  where retired_at is null and phone_digest is not null;

create table posted_signs (
  market_id bigint not null,
  tenant_no bigint not null,              -- the generator
  day integer not null,                   -- since 1970, UTC
  posts bigint not null check (posts > 0),
  leads bigint[] not null check (cardinality(leads) = 8),    -- quality::LotSignal, from 1
  events bigint[] not null check (cardinality(events) = 8),
  looks integer not null default 0 check (looks >= 0),
  next_posts bigint not null default 50,  -- quality::kFirstLook
  closed boolean not null default false,  -- the day is over and was looked at for the last time
  primary key (market_id, tenant_no, day)
);
create index posted_signs_waiting on posted_signs (day) where not closed;

create table posted_mark (                -- leads that showed a sign; never told to the generator
  market_id bigint not null,
  lead_no bigint not null,
  tenant_no bigint not null,
  day integer not null,
  signs integer not null check (signs > 0),  -- bit n - 1: quality::LotSignal n
  primary key (market_id, lead_no)
);
create index posted_mark_of_day on posted_mark (market_id, tenant_no, day);

-- One sign more.
alter table lot_picture drop constraint lot_picture_leads_check, drop constraint lot_picture_events_check;
update lot_picture set leads = leads || 0::bigint, events = events || 0::bigint;
alter table lot_picture
  add constraint lot_picture_leads_check check (cardinality(leads) = 8),
  add constraint lot_picture_events_check check (cardinality(events) = 8);

alter table fraud_case
  add column posted_day integer not null default 0 check (posted_day >= 0),  -- since 1970, UTC; 0: of a lot
  add column planted_no bigint not null default 0,   -- kind 9: which contact
  add column lead_no bigint not null default 0,      -- kind 9: that brought it; 0: it became no lead
  drop constraint fraud_case_kind_check,
  add constraint fraud_case_kind_check check (kind between 1 and 9),
  add check ((kind = 9) = (planted_no > 0)),
  add check ((batch_no > 0) <> (posted_day > 0));
drop index fraud_case_of_lot;
create unique index fraud_case_of_lot
  on fraud_case (market_id, generator, batch_no, posted_day, kind, planted_no);
create index fraud_case_of_planted on fraud_case (planted_no) where planted_no > 0;
grant update (lead_no) on fraud_case to leadex_app;  -- until the lead that is shown exists

grant select, insert on planted_contact to leadex_app;
grant update (retired_by, retired_at) on planted_contact to leadex_app;
create trigger planted_contact_stays before delete or truncate on planted_contact
  for each statement execute function append_only();
grant select, insert, update, delete on posted_signs to leadex_app;
grant select, insert, delete on posted_mark to leadex_app;

-- Persons' requests are worked off market by market, and found again by those whom they name; how far
-- retention has looked; claims on persons that never got a lead are not kept.
set local search_path = leadex;

alter table privacy_request
  add column tries integer not null default 0 check (tries >= 0),   -- rounds that left something
  add column look_at timestamptz not null default now(),            -- by the job, while it is open
  add column told_at timestamptz;         -- every market had heard of the person, or must have by then
drop index privacy_request_open;
create index privacy_request_open on privacy_request (look_at) where done_at is null;
create index privacy_request_email on privacy_request (email) where email is not null;
create index privacy_request_phone on privacy_request (phone) where phone is not null;

create table privacy_progress (           -- of a request in a market that knows the person
  request_no bigint not null,
  market_id bigint not null,
  told_at timestamptz,                    -- the market has withheld what it had of the person
  tries integer not null default 0 check (tries >= 0),
  next_at timestamptz not null,           -- not looked at before
  primary key (request_no, market_id)
);

create table retention_walk (             -- over the leads of a market that are still held
  market_id bigint primary key,
  lead_no bigint not null check (lead_no >= 0),  -- looked at up to it
  next_at timestamptz not null            -- when it goes on
);

grant select, insert on privacy_progress, retention_walk to leadex_app;
grant update (tries, look_at, told_at) on privacy_request to leadex_app;
grant update (told_at, tries, next_at) on privacy_progress to leadex_app;
grant update (lead_no, next_at) on retention_walk to leadex_app;

-- Of an upload that takes no more rows a claim without a lead never gets one: kept, it would be a trace
-- of somebody of whom there is nothing.
create or replace function keep_person_before() returns trigger language plpgsql as $$
begin
  insert into leadex.person_before (market_id, digest, lead_no)
    select old.market_id, old.digest, old.lead_no where exists (select from leadex.lead l
        where l.market_id = old.market_id and l.lead_no = old.lead_no)
      or exists (select from leadex.batch b where b.market_id = old.market_id
        and b.batch_no = old.provisional_upload and b.status = 'receiving' and b.mode <> 'stopped')
    on conflict do nothing;
  return null;
end $$;
create or replace function keep_persons_freed() returns trigger language plpgsql as $$
begin
  insert into leadex.person_before (market_id, digest, lead_no)
    select g.market_id, g.digest, g.lead_no from gone g cross join lateral (select from leadex.lead l
      where l.market_id = g.market_id and l.lead_no = g.lead_no offset 0) there
    on conflict do nothing;
  return null;
end $$;
delete from person_before b where not exists (select from lead l where l.market_id = b.market_id
    and l.lead_no = b.lead_no)
  and not exists (select from batch u where u.market_id = b.market_id and u.status = 'receiving');

-- Persons who want to be forgotten or asked no more, and leads that are kept for a time only.
-- The exchange's own list of persons is table suppression under tenant 0.
set local search_path = leadex;

create table privacy_request (            -- of a person, who is known by keyed indexes alone
  request_no bigint generated always as identity primary key,
  kind smallint not null check (kind in (0, 1)),  -- 0 erasure 1 opt-out
  email bytea check (octet_length(email) = 16),
  phone bytea check (octet_length(phone) = 16),
  said_at timestamptz not null,           -- by the person, as told
  counts_from timestamptz not null,       -- what a trader tells counts from when it was received
  reason text not null check (reason in ('person_request', 'authority', 'contract', 'other')),
  told_by bigint not null,                -- principal
  tenant_no bigint not null,              -- of whom
  received_at timestamptz not null default now(),
  leads bigint not null default 0 check (leads >= 0),  -- it concerned
  done_at timestamptz,
  check (email is not null or phone is not null)
);
create index privacy_request_open on privacy_request (request_no) where done_at is null;

create table erased_lead (                -- its data key is destroyed
  market_id bigint not null,
  lead_no bigint not null,
  cause smallint not null check (cause in (0, 1)),  -- 0 a person's request 1 retention
  erased_at timestamptz not null,
  primary key (market_id, lead_no)
);

create table person_before (              -- leads whose claim on a person another lead took over, or which were freed
  market_id bigint not null,
  digest bytea not null check (octet_length(digest) = 16),
  lead_no bigint not null,
  primary key (digest, market_id, lead_no)
);

-- A person's earlier leads are kept here, or an erasure would miss them; nothing of it is on the way
-- of a person who is new.
create function keep_person_before() returns trigger language plpgsql as $$
begin
  insert into leadex.person_before (market_id, digest, lead_no)
    values (old.market_id, old.digest, old.lead_no) on conflict do nothing;
  return null;
end $$;
create trigger person_taken_over after update of lead_no on person for each row
  when (old.lead_no <> new.lead_no) execute function keep_person_before();
create function keep_persons_freed() returns trigger language plpgsql as $$
begin
  insert into leadex.person_before (market_id, digest, lead_no)
    select market_id, digest, lead_no from gone on conflict do nothing;
  return null;
end $$;
create trigger person_freed after delete on person referencing old table as gone
  for each statement execute function keep_persons_freed();

-- A click is as it was, but its visitor is forgotten after a day. The index holds those that are not.
create index click_known on click (clicked_us)
  where visitor <> '\x00000000000000000000000000000000'::bytea;
create function only_forgets_visitor() returns trigger language plpgsql as $$
declare
  kept leadex.click;
begin
  kept := new;
  kept.visitor := old.visitor;
  if kept is distinct from old or new.visitor <> '\x00000000000000000000000000000000'::bytea then
    raise exception 'table click is append-only but for its visitors' using errcode = 'LX001';
  end if;
  return new;
end $$;
drop trigger click_append_only on click;
create trigger click_append_only before delete or truncate on click
  for each statement execute function append_only();
create trigger click_forgets_visitor before update on click
  for each row execute function only_forgets_visitor();

revoke all on function keep_person_before(), keep_persons_freed(), only_forgets_visitor() from public;
grant select, insert on privacy_request, erased_lead, person_before to leadex_app;
grant update (visitor) on click to leadex_app;
grant update (leads, done_at) on privacy_request to leadex_app;
grant delete on person_before to leadex_app;
grant execute on function keep_person_before(), keep_persons_freed(), only_forgets_visitor()
  to leadex_app;

create trigger erased_lead_append_only before update or delete or truncate on erased_lead
  for each statement execute function append_only();
create trigger privacy_request_stays before delete or truncate on privacy_request
  for each statement execute function append_only();

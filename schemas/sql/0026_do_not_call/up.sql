-- Do-not-call lists of countries: phones known by blind indexes, a list in force for each country,
-- others on their way in or out.
set local search_path = leadex;

create table do_not_call_load (           -- a list that was brought
  load_no bigint generated always as identity primary key,
  country text not null check (country ~ '^[A-Z]{2}$'),
  version_on date not null,
  state smallint not null default 0 check (state between 0 and 3),  -- 0 comes in 1 in force 2 out 3 swept
  phones bigint not null default 0 check (phones >= 0),
  begun_at timestamptz not null default now(),
  loaded_at timestamptz,
  check ((state = 0) = (loaded_at is null) or state > 1)
);
create unique index do_not_call_in_force on do_not_call_load (country) where state = 1;

create table do_not_call_phone (
  load_no bigint not null,
  digest bytea not null check (octet_length(digest) = 16),  -- blind index, as in table person
  primary key (load_no, digest)
);

grant select, insert on do_not_call_load to leadex_app;
grant update (state, phones, loaded_at) on do_not_call_load to leadex_app;
grant select, insert, delete on do_not_call_phone to leadex_app;

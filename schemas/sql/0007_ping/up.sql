-- Promises of pings that were called in: each is kept once.
set local search_path = leadex;

create table ping_promise (
  market_id bigint not null,
  expires_us bigint not null,             -- until then a second post has to be refused
  ping_no bigint not null,                -- chosen at random; with its expiry fixed in the sealed id
  lead_no bigint not null,
  promised_micros bigint not null check (promised_micros >= 0),  -- net
  added_micros bigint not null check (added_micros between 0 and promised_micros),
  primary key (market_id, expires_us, ping_no)
);

grant select, insert on ping_promise to leadex_app;
create trigger ping_promise_append_only before update or delete or truncate on ping_promise
  for each statement execute function append_only();

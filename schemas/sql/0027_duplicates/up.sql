-- Markets that know each other's persons.
set local search_path = leadex;

alter table market add column dedupe_group text  -- of its newest version; none: it knows its own
  check (dedupe_group <> '' and octet_length(dedupe_group) <= 64);
create index market_by_group on market (dedupe_group) where dedupe_group is not null;

-- Persons that a market of a group is about to claim. A row lives from the look-up to the commit
-- that claims it, or until it lapses: what lasts stands in table person. Lost in a crash, it makes
-- the commit that counts on it fail, and that is run again.
create unlogged table group_hold (
  dedupe_group text not null,
  digest bytea not null check (octet_length(digest) = 16),
  market_id bigint not null,
  until_us bigint not null,               -- by the database's clock
  primary key (digest, dedupe_group)
);
create index group_hold_lapses on group_hold (until_us);

grant select, insert, update, delete on group_hold to leadex_app;

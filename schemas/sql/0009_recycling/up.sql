-- Leads that rest before they are listed again, and why.
set local search_path = leadex;

alter table lead
  add column round smallint not null default 0 check (round >= 0),  -- how often it was listed again
  add column relisted_us bigint not null default 0;                 -- when that began: sales before it are over

create table lead_rest (                  -- one row per round that ended and is not the last
  market_id bigint not null,
  lead_no bigint not null,
  round smallint not null,                -- that ended
  cause smallint not null check (cause in (0, 1)),  -- 0 unsold 1 returned
  reason text not null,                   -- of the return
  ask_micros bigint not null,             -- of that round; -1: the market's
  rested_us bigint not null,
  due_us bigint not null,
  dropped boolean not null default false, -- something stood against it; it may rest anew in that round
  withdrawn boolean not null default false,  -- by its generator, for good
  market_seq bigint,                      -- of the batch that listed it again
  primary key (market_id, lead_no, round)
);
create index lead_rest_due on lead_rest (market_id, due_us) where market_seq is null and not dropped and not withdrawn;

grant select, insert, update on lead_rest to leadex_app;

-- Leads whose net is shared with the generator who brought the same person later.
set local search_path = leadex;

-- Once for a lead, in all its rounds: written by the market's writer while no sale of it is settled.
create table lead_share (
  market_id bigint not null,
  lead_no bigint not null,
  generator bigint not null check (generator > 0),          -- the later one
  split_bp integer not null check (split_bp between 1 and 9999),  -- its part of the net
  at_us bigint not null,
  primary key (market_id, lead_no)
);

-- The batches in which the share of a sale moved: transfers have no index by sale.
create table share_step (
  market_id bigint not null,
  lead_no bigint not null,
  slot integer not null,
  batch_seq bigint not null,
  primary key (market_id, lead_no, slot, batch_seq)
);

grant select, insert on lead_share, share_step to leadex_app;
create trigger lead_share_append_only before update or delete or truncate on lead_share
  for each statement execute function append_only();
create trigger share_step_append_only before update or delete or truncate on share_step
  for each statement execute function append_only();

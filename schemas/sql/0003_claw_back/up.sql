-- Claw-backs: what staff takes back of a settled sale for its buyer. The row is the order; the
-- market's writer carries it out once and closes it in the same batch.
set local search_path = leadex;

create table claw_back (
  market_id bigint not null,
  order_no bigint not null,               -- of the platform's numbers
  lead_no bigint not null,
  slot integer not null,
  amount bigint not null check (amount > 0),
  reason_sealed bytea not null,
  ordered_by bigint not null,             -- principal
  ordered_at timestamptz not null,
  approval_no bigint,                     -- above the limit a second person confirms
  approved_by bigint check (approved_by is distinct from ordered_by),
  ready boolean not null,                 -- the market may carry it out
  market_seq bigint,                      -- its batch, once it has
  primary key (market_id, order_no),
  check (ready or market_seq is null),
  check (not ready or approval_no is null or approved_by is not null)
);
create unique index claw_back_by_number on claw_back (order_no);
-- One at a time, so that what an order was checked against still holds when it is carried out.
create unique index claw_back_open on claw_back (market_id, lead_no, slot)
  where ready and market_seq is null;

grant select, insert on claw_back to leadex_app;
grant update (approved_by, ready, market_seq) on claw_back to leadex_app;

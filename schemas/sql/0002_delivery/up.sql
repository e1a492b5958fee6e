-- Delivery: which delivery decides about its sale, endpoints that ask for patience or are gone, and
-- indexes that find due work endpoint by endpoint, so that one with a long queue delays no other.
set local search_path = leadex;

alter table webhook_endpoint add column paused_until timestamptz; -- asked for by Retry-After
alter table webhook_endpoint drop constraint webhook_endpoint_status_check;
alter table webhook_endpoint add constraint webhook_endpoint_status_check
  check (status in ('active', 'disabled', 'deleted'));

-- A 2xx or 422 to a confirming delivery delivers or voids the sale.
alter table webhook_delivery add column confirms boolean not null default false;

create index webhook_delivery_waiting on webhook_delivery (endpoint_no, next_at) where status = 'waiting';
drop index webhook_delivery_due;
create index webhook_delivery_by_endpoint on webhook_delivery (endpoint_no, delivery_no);

create table event_pending (              -- events told outside a market's batches, not fanned out yet
  market_id bigint not null,
  batch_seq bigint not null check (batch_seq < 0),
  n integer not null,
  tenant_no bigint not null,
  primary key (market_id, batch_seq, n, tenant_no)
);
grant select, insert, delete on event_pending to leadex_app;

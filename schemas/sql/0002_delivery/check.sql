-- Fails (division by zero) unless the migration left what it promises.
select 1 / (count(*) = 1)::integer from pg_indexes
  where schemaname = 'leadex' and indexname = 'webhook_delivery_waiting';
select 1 / (count(*) = 1)::integer from pg_constraint
  where conname = 'webhook_endpoint_status_check' and pg_get_constraintdef(oid) like '%deleted%';
select 1 / (not attnotnull)::integer from pg_attribute
  where attrelid = 'leadex.webhook_endpoint'::regclass and attname = 'paused_until';

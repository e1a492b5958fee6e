-- Fails (division by zero) unless the migration left what it promises.
select 1 / (count(*) = 1)::integer from pg_indexes where schemaname = 'leadex' and indexname = 'lead_captured';

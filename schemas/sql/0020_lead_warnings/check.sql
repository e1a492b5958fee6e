-- Fails (division by zero) unless the migration left what it promises.
select 1 / (count(*) = 2)::integer from pg_attribute
  where attrelid = 'leadex.lead'::regclass and attname in ('warnings', 'domain_suggested');
select 1 / (has_column_privilege('leadex_app', 'leadex.lead', 'warnings', 'insert')
  and has_column_privilege('leadex_app', 'leadex.lead', 'domain_suggested', 'select'))::integer;

-- Fails (division by zero) unless the migration left what it promises.
select 1 / (count(*) = 2)::integer from pg_class where relnamespace = 'leadex'::regnamespace
  and relname in ('suppression', 'suppression_list');
select 1 / (has_table_privilege('leadex_app', 'leadex.suppression', 'delete')
  and not has_table_privilege('leadex_app', 'leadex.suppression', 'update'))::integer;
select 1 / (count(*) = 0)::integer from leadex.tenant where role = 'buyer' and name_key is null;

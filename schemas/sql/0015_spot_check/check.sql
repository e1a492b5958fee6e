-- Fails (division by zero) unless the migration left what it promises.
select 1 / (count(*) = 1)::integer from pg_indexes where schemaname = 'leadex' and indexname = 'batch_refused_file';
select 1 / (has_table_privilege('leadex_app', 'leadex.lot_plan', 'insert')
  and not has_table_privilege('leadex_app', 'leadex.lot_plan', 'update')
  and has_table_privilege('leadex_app', 'leadex.check_opinion', 'insert')
  and not has_table_privilege('leadex_app', 'leadex.check_opinion', 'update'))::integer;
select 1 / (has_column_privilege('leadex_app', 'leadex.inspection', 'mode', 'update')
  and not has_column_privilege('leadex_app', 'leadex.inspection', 'tenant_no', 'update')
  and not has_table_privilege('leadex_app', 'leadex.inspection', 'delete'))::integer;
select 1 / (has_column_privilege('leadex_app', 'leadex.spot_check', 'rest_until', 'update'))::integer;

-- Fails (division by zero) unless the migration left what it promises.
select 1 / (has_table_privilege('leadex_app', 'leadex.realtime_day', 'insert')
  and not has_table_privilege('leadex_app', 'leadex.realtime_day', 'update'))::integer;
select 1 / (has_column_privilege('leadex_app', 'leadex.realtime_check', 'applied_at', 'update')
  and not has_column_privilege('leadex_app', 'leadex.realtime_check', 'lead_no', 'update')
  and not has_table_privilege('leadex_app', 'leadex.realtime_check', 'delete'))::integer;
select 1 / (has_column_privilege('leadex_app', 'leadex.realtime_source', 'bad', 'update')
  and not has_table_privilege('leadex_app', 'leadex.realtime_source', 'delete'))::integer;
select 1 / (count(*) = 2)::integer from pg_indexes where schemaname = 'leadex' and indexname in ('lead_chosen', 'lead_held');

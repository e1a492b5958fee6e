-- Fails (division by zero) unless the migration left what it promises.
select 1 / (has_table_privilege('leadex_app', 'leadex.do_not_call_phone', 'delete')
  and not has_any_column_privilege('leadex_app', 'leadex.do_not_call_phone', 'update'))::integer;
select 1 / (has_column_privilege('leadex_app', 'leadex.do_not_call_load', 'state', 'update')
  and not has_column_privilege('leadex_app', 'leadex.do_not_call_load', 'version_on', 'update')
  and not has_table_privilege('leadex_app', 'leadex.do_not_call_load', 'delete'))::integer;

-- Fails (division by zero) unless the migration left what it promises.
select 1 / (has_table_privilege('leadex_app', 'leadex.click', 'insert')
  and not has_table_privilege('leadex_app', 'leadex.click', 'update')
  and has_table_privilege('leadex_app', 'leadex.click_count', 'update'))::integer;
select 1 / (has_column_privilege('leadex_app', 'leadex.placement', 'paused', 'update')
  and not has_column_privilege('leadex_app', 'leadex.placement', 'fallback_url', 'update'))::integer;

-- Fails (division by zero) unless the migration left what it promises.
select 1 / (has_table_privilege('leadex_app', 'leadex.lead_share', 'insert')
  and not has_table_privilege('leadex_app', 'leadex.lead_share', 'update')
  and not has_table_privilege('leadex_app', 'leadex.lead_share', 'delete'))::integer;
select 1 / (has_table_privilege('leadex_app', 'leadex.share_step', 'insert')
  and not has_table_privilege('leadex_app', 'leadex.share_step', 'update')
  and not has_table_privilege('leadex_app', 'leadex.share_step', 'delete'))::integer;
select 1 / (count(*) = 2)::integer from information_schema.triggers where trigger_schema = 'leadex'
  and trigger_name in ('lead_share_append_only', 'share_step_append_only')
  and event_manipulation = 'UPDATE';
